// TensorFlow.js on its WebAssembly backend, written out from its operations: it has no attention of its own.

import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { additiveMask, answerAttention, headsFirst } from "./attention-peer.mjs";

// The packages' modules are for bundlers; their builds for Node are CommonJS.
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs-core");
const wasm = require("@tensorflow/tfjs-backend-wasm");
await registerGradients();

await answerAttention(
  async () => {
    await tf.setBackend("wasm");
    const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
    const threaded = await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT");
    // It starts threads in browsers only.
    return `TensorFlow.js ${wasm.version_wasm} WASM, ${simd ? "SIMD" : "no SIMD"}, ${threaded ? "threads" : "1 thread"}`;
  },
  async (problem, data) => {
    const { pass, B, S, H, D } = problem;
    const given = (x) => tf.tensor(headsFirst(x, problem), [B, H, S, D]);
    const [query, keys, values, gradient] = [data.query, data.keys, data.values, data.gradient].map(given);
    const mask =
      problem.causal || problem.lengths ? tf.tensor(additiveMask(problem), [problem.lengths ? B : 1, 1, S, S]) : null;
    const attend = (q, k, v) => {
      const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(D));
      return tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), v);
    };
    const backward = tf.grads(attend);
    return {
      run: async () => {
        if (pass === "forward") return [tf.tidy(() => attend(query, keys, values))];
        return tf.tidy(() => backward([query, keys, values], gradient));
      },
      read: async (results) => results.map((x) => headsFirst(x.dataSync(), { B, S: H, H: S, D })),
      drop: (results) => tf.dispose(results),
      end: () => tf.dispose([query, keys, values, gradient, ...(mask ? [mask] : [])]),
    };
  },
);

/** The build for Node leaves the gradients out. Their modules are put together here; the registry is one for the process. */
async function registerGradients() {
  const outfile = fileURLToPath(new URL("../node_modules/.cache/tfjs-gradients.cjs", import.meta.url));
  const contents = 'import "@tensorflow/tfjs-core/dist/register_all_gradients.js";';
  const resolveDir = fileURLToPath(new URL(".", import.meta.url));
  await build({
    stdin: { contents, resolveDir },
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile,
    logLevel: "error",
  });
  require(outfile);
}
