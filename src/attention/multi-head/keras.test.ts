// Multi-head attention to Keras' names and axes, and back.

import { describe, expect, test } from "vitest";
import { goldenState, readGolden } from "../../../test/golden.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";
import { leaves } from "../../core/tree.ts";
import { rotary } from "../positions/rotary.ts";
import type { MultiHeadConfig } from "./config.ts";
import { rmsHeadNorm } from "./head-norm.ts";
import { multiHeadFromKeras, multiHeadToKeras } from "./keras.ts";
import { initMultiHead } from "./params.ts";

const grouped = { querySize: 4, keySize: 5, valueSize: 3, outSize: 6, headCount: 4, keyHeadCount: 2, headSize: 2, valueHeadSize: 3 }; // prettier-ignore
const configs: Readonly<Record<string, MultiHeadConfig>> = {
  "self-attention": { querySize: 6, headCount: 3 },
  "no bias": { querySize: 6, headCount: 3, bias: false },
  "grouped, all sizes": grouped,
  "multi-query, with positions that have no parameters": {
    querySize: 8,
    headCount: 2,
    keyHeadCount: 1,
    headSize: 4,
    positions: rotary(),
  },
};
const flat = (tree: unknown): readonly unknown[] =>
  leaves<NdArray>(tree).map(([path, { shape, dtype, data }]) => [path, shape, dtype, Array.from(data as Float32Array)]);

describe.each(Object.entries(configs))("%s", (_name, config) => {
  test.each(["", "decoder/self_attention"])("goes to Keras and back, under %j", (prefix) => {
    const params = initMultiHead(config, rng(1));
    const { positions: _, ...projections } = params;
    const back = multiHeadFromKeras(multiHeadToKeras(params, config, prefix), prefix);
    expect(flat(back)).toEqual(flat(projections));
  });
});

test("Keras' own weights come back as they were", () => {
  const state = goldenState(readGolden("src/attention/golden/multi-head.json")["keras"]!.params);
  const back = multiHeadToKeras(multiHeadFromKeras(state), grouped);
  expect(Object.keys(back).sort()).toEqual(Object.keys(state).sort());
  expect(flat(back).toSorted()).toEqual(flat(state).toSorted());
});

test("names and axes are those of Keras 3", () => {
  const out = multiHeadToKeras(initMultiHead(grouped, rng(1)), grouped);
  expect(Object.fromEntries(Object.entries(out).map(([name, a]) => [name, a.shape]))).toEqual({
    "query/kernel": [4, 4, 2],
    "query/bias": [4, 2],
    "key/kernel": [5, 2, 2],
    "key/bias": [2, 2],
    "value/kernel": [3, 2, 3],
    "value/bias": [2, 3],
    "attention_output/kernel": [4, 3, 6],
    "attention_output/bias": [6],
  });
});

describe("what is refused", () => {
  const config = { querySize: 6, headCount: 3 };
  const params = initMultiHead(config, rng(1));
  test.each<readonly [string, () => unknown, string]>([
    [
      "other heads than the weights have",
      () => multiHeadToKeras(params, { ...config, headSize: 4 }),
      "multiHeadToKeras: query must have a weight [6, 12] and a bias [12], by the configuration, got float32[6, 6] and float32[6]",
    ],
    [
      "biases that are not configured",
      () => multiHeadToKeras(params, { ...config, bias: false }),
      "a weight [6, 6] and no bias",
    ],
    [
      "parts that Keras has not",
      () => multiHeadToKeras(initMultiHead({ ...config, qkNorm: rmsHeadNorm() }, rng(1)), config),
      "only projections have names in Keras' layers, got queryNorm, keyNorm",
    ],
    [
      "a configuration that is none",
      () => multiHeadToKeras(params, { querySize: 6, headCount: 4 }),
      "multiHeadToKeras: headCount must divide querySize",
    ],
  ])("%s", (_name, fn, message) => expect(fn).toThrow(message));
});
