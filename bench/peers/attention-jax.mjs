// jax-js on its WebAssembly backend, with its own attention, compiled. It needs Node 22 or newer.

import { createRequire } from "node:module";
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, vjp } from "@jax-js/jax";
import { answerAttention } from "./attention-peer.mjs";

const { readFileSync } = await import("node:fs");
const entry = createRequire(import.meta.url).resolve("@jax-js/jax");
const { version } = JSON.parse(readFileSync(new URL("../package.json", `file://${entry}`), "utf8"));

await answerAttention(
  async () => {
    await init("wasm");
    defaultDevice("wasm");
    // Its threads are web workers, which Node has not.
    const threads = typeof Worker === "undefined" ? "1 thread" : "threads";
    return `jax-js ${version} WASM, ${threads}, Node ${process.versions.node}`;
  },
  async (problem, data) => {
    const { pass, B, S, H, D, causal, lengths } = problem;
    const [query, keys, values, gradient] = [data.query, data.keys, data.values, data.gradient].map((x) =>
      np.array(x, { shape: [B, S, H, D] }),
    );
    const real = lengths ? np.array(Int32Array.from(lengths), { dtype: "int32" }) : null;
    const attend = (q, k, v) =>
      nn.dotProductAttention(q, k, v, { isCausal: causal, ...(real ? { keyValueSeqLengths: real.ref } : {}) });
    const forward = jit(attend);
    const backward = jit((q, k, v, g) => {
      const [context, pull] = vjp(attend, [q, k, v]);
      context.dispose?.();
      return pull(g);
    });
    return {
      run: async () => {
        const results =
          pass === "forward"
            ? [forward(query.ref, keys.ref, values.ref)]
            : backward(query.ref, keys.ref, values.ref, gradient.ref);
        for (const x of results) await blockUntilReady(x.ref ?? x);
        return results;
      },
      read: async (results) => {
        const parts = [];
        for (const x of results) parts.push(await x.ref.data());
        return parts;
      },
      drop: (results) => results.forEach((x) => x.dispose()),
      end: () => [query, keys, values, gradient, ...(real ? [real] : [])].forEach((x) => x.dispose()),
    };
  },
);
