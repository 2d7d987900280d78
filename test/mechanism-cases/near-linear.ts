// Attention whose cost grows with the length alone: linear attention by features, and local attention in chunks.

import {
  attention,
  causal,
  chunkWindow,
  eluFeatures,
  emptyLinearState,
  lengths,
  linearAttention,
  localAttention,
  orthogonalFeatures,
  positiveFeatures,
  type LinearAttentionOptions,
  type LocalAttentionOptions,
} from "../../src/attention/index.ts";
import { rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { mechanismCase, type Mechanism, type MechanismCase } from "../mechanism-suite.ts";
import { B, D, floats, H, ints } from "./samples.ts";

const length = 7;
const operands = {
  query: floats([B, length, H, D], 111),
  keys: floats([B, length, H, D], 112),
  values: floats([B, length, H, D], 113),
  rowLengths: ints([B], [7, 3, 0]),
};
type Rest<O> = (rowLengths: Tensor) => Omit<O, "query" | "keys" | "values">;

function linear(name: string, rest: Rest<LinearAttentionOptions>, covers: readonly Mechanism[] = []): MechanismCase {
  return mechanismCase(
    `linearAttention ${name}`,
    ["linearAttention", ...covers],
    operands,
    ({ rowLengths, ...given }) => {
      const { context, state } = linearAttention({ ...given, ...rest(rowLengths) });
      return { context, ...state };
    },
  );
}

function local(name: string, rest: Rest<LocalAttentionOptions>): MechanismCase {
  return mechanismCase(`localAttention ${name}`, ["localAttention"], operands, ({ rowLengths, ...given }) =>
    localAttention({ ...given, ...rest(rowLengths) }),
  );
}

const directions = orthogonalFeatures({ headSize: D, featureCount: 6 }, rng(114));
const stateSizes = { batchSize: B, headCount: H, featureCount: D, valueSize: D };

/** All of them. */
export const nearLinearCases: readonly MechanismCase[] = [
  linear("over keys of several lengths", (n) => ({ mask: lengths(n), featureMap: eluFeatures }), ["eluFeatures"]),
  linear("causal, in chunks", () => ({ mask: causal(), chunkSize: 3 })),
  linear("by random features", () => ({ featureMap: positiveFeatures(directions) }), [
    "orthogonalFeatures",
    "positiveFeatures",
  ]),
  mechanismCase(
    "linearAttention, two steps with a state",
    ["linearAttention", "emptyLinearState"],
    {
      steps: [floats([B, 1, H, D], 115), floats([B, 1, H, D], 116)],
      state: emptyLinearState(stateSizes),
    },
    ({ steps, state }) => {
      const [first, second] = steps as unknown as readonly [Tensor, Tensor];
      const of = (x: Tensor): Pick<LinearAttentionOptions, "query" | "keys" | "values" | "mask"> => ({
        query: x,
        keys: x,
        values: x,
        mask: causal(),
      });
      const one = linearAttention({ ...of(first), state });
      const two = linearAttention({ ...of(second), state: one.state });
      return { first: one.context, second: two.context, ...two.state };
    },
  ),
  local("in chunks, with lengths", (n) => ({ chunkSize: 2, lookForward: 1, mask: lengths(n) })),
  local("causal", () => ({ chunkSize: 3, mask: causal() })),
  mechanismCase("attention over chunks", ["chunkWindow", "attention"], operands, ({ query, keys, values }) => ({
    context: attention({ query, keys, values, mask: chunkWindow({ chunkSize: 2 }) }).context,
  })),
];
