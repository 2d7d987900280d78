// @ruvector/attention, a native addon: one query at a time against lists of keys and values. It has no gradients.

import { createRequire } from "node:module";
import { answerAttention } from "./attention-peer.mjs";

const ruvector = createRequire(import.meta.url)("@ruvector/attention");

await answerAttention(
  async () => `@ruvector/attention ${ruvector.version()}, native`,
  async ({ pass, B, S, H, D, causal, lengths }, data) => {
    if (pass === "backward") throw new Error("it has no gradients");
    const rows = (x) => Array.from({ length: B * S }, (_, i) => x.subarray(i * H * D, (i + 1) * H * D));
    const [queries, keys, values] = [data.query, data.keys, data.values].map(rows);
    const heads = new ruvector.MultiHeadAttention(H * D, H);
    return {
      run: async () => {
        const out = new Float32Array(B * S * H * D);
        for (let b = 0; b < B; b++) {
          const length = lengths?.[b] ?? S;
          for (let t = 0; t < length; t++) {
            const [from, to] = [b * S, b * S + (causal ? t + 1 : length)];
            const context = heads.compute(queries[b * S + t], keys.slice(from, to), values.slice(from, to));
            out.set(context, (b * S + t) * H * D);
          }
        }
        return out;
      },
      read: async (out) => [out],
    };
  },
);
