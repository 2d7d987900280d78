// Options of the normalizers: what is impossible is refused where it is given, and parameters are one or one a head.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { array, type NdArray } from "../../core/ndarray.ts";
import { input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { entmax, entmaxNormalizer } from "./entmax.ts";
import { learnedEntmax } from "./learned-entmax.ts";
import { offByOne } from "./off-by-one.ts";
import { sinkNormalizer, sinkSoftmax } from "./sinks.ts";
import { maskedSoftmax } from "./softmax.ts";
import { softmaxWith, softmaxWithNormalizer } from "./softmax-with.ts";
import { topKNormalizer, topKSoftmax } from "./top-k.ts";

const x = input([2, 3]);

test.each<readonly [string, () => unknown, string]>([
  ["entmax below 1", () => entmaxNormalizer({ alpha: 0.9 }), "entmaxNormalizer: alpha must be a finite number >= 1, got 0.9"],
  ["entmax of NaN", () => entmax(x, null, NaN), "entmax: alpha must be a finite number >= 1, got NaN"],
  ["entmax without end", () => entmax(x, null, Infinity), "entmax: alpha must be a finite number >= 1, got Infinity"],
  ["no alpha", () => entmaxNormalizer({} as never), "entmaxNormalizer: alpha must be a finite number >= 1, got undefined"],
  ["an unknown option", () => entmaxNormalizer({ alpha: 2, iterations: 3 } as never), 'entmaxNormalizer: options must be among alpha, got "iterations"'],
  ["a learned alpha out of its range", () => learnedEntmax({ initial: 2 }), "learnedEntmax: initial must be a number inside (1.001, 1.999), got 2"],
  ["half a head", () => learnedEntmax({ headCount: 0.5 }), "learnedEntmax: headCount must be an integer >= 1, got 0.5"],
  ["an unknown option of a learned alpha", () => learnedEntmax({ alpha: 2 } as never), 'learnedEntmax: options must be among initial, headCount, got "alpha"'],
  ["no temperature", () => softmaxWith(x, null, { temperature: 0 }), "softmaxWith: temperature must be a number > 0 that float32 holds, got 0"],
  ["a temperature below 0", () => softmaxWithNormalizer({ temperature: -1 }), "softmaxWithNormalizer: temperature must be a number > 0 that float32 holds, got -1"],
  ["a temperature that float32 rounds to 0", () => softmaxWithNormalizer({ temperature: 1e-50 }), "temperature must be a number > 0 that float32 holds, got 1e-50"],
  ["a cap of NaN", () => softmaxWithNormalizer({ softCap: NaN }), "softCap must be a number > 0 that float32 holds, got NaN"],
  ["a cap of words", () => softmaxWithNormalizer({ softCap: "5" } as never), "softCap must be a number > 0 that float32 holds, got a string"],
  ["an unknown option of softmax", () => softmaxWith(x, null, { cap: 5 } as never), 'softmaxWith: options must be among temperature, softCap, got "cap"'],
  ["top 0", () => topKNormalizer({ k: 0 }), "topKNormalizer: k must be an integer >= 1, got 0"],
  ["top 1.5", () => topKSoftmax(x, null, 1.5), "topKSoftmax: k must be an integer >= 1, got 1.5"],
  ["top NaN", () => topKNormalizer({ k: NaN }), "topKNormalizer: k must be an integer >= 1, got NaN"],
  ["an unknown option of top-k", () => topKNormalizer({ k: 1, ties: "all" } as never), 'topKNormalizer: options must be among k, got "ties"'],
  ["an infinite sink", () => sinkNormalizer({ initial: Infinity }), "sinkNormalizer: initial must be a finite number, got Infinity"],
  ["no head", () => sinkNormalizer({ headCount: 0 }), "sinkNormalizer: headCount must be an integer >= 1, got 0"],
  ["an unknown option of sinks", () => sinkNormalizer({ heads: 1 } as never), 'sinkNormalizer: options must be among initial, headCount, got "heads"'],
  ["a sink for each position", () => sinkSoftmax(x, null, input([3])), "sinkSoftmax: the sink must be float32, a scalar or (..., 1), broadcastable to the scores, got float32[3] for float32[2, 3]"],
])("refuses %s", (_, act, message) => expect(act).toThrow(message)); // prettier-ignore

describe("one parameter a head", () => {
  const config = { querySize: 1, keySize: 1, alignmentSize: 1 };

  test.each([
    ["sinks", sinkNormalizer({ headCount: 3, initial: 0.25 })],
    ["learned entmax", learnedEntmax({ headCount: 3 })],
  ])("%s: scores without those heads are refused", (_, stage) => {
    const params = stage.init(config, rng(1)) as Record<string, NdArray>;
    expect(Object.values(params).map((a) => a.shape)).toEqual([[3]]);
    const given = { sink: input([3]), alpha: input([3]) } as never;
    for (const shape of [[3, 4], [2, 2, 3, 4], [3]])
      // prettier-ignore
      expect(() => stage.normalize(given, input(shape), null)).toThrow(
        `a parameter (H) needs scores (..., H, T, S), got float32[3] for float32[${shape.join(", ")}]`,
      );
    expect(stage.normalize(given, input([2, 3, 5, 4]), null).shape).toEqual([2, 3, 5, 4]);
  });
});

test("defaults are what they are said to be", async () => {
  const scores = rng(2).normal([2, 5], 1);
  const weigh = async (fn: (x: Tensor) => Tensor): Promise<readonly number[]> => [
    ...((await evaluate(fn, scores)).data as Float32Array),
  ];
  expect(await weigh((t) => softmaxWith(t, null, {}))).toEqual(await weigh((t) => maskedSoftmax(t, null)));
  expect(await weigh((t) => entmax(t, null, 1))).toEqual(await weigh((t) => maskedSoftmax(t, null)));
  expect(await weigh((t) => topKSoftmax(t, null, 5))).toEqual(await weigh((t) => maskedSoftmax(t, null)));
  const { sink } = sinkNormalizer().init({ querySize: 1, keySize: 1, alignmentSize: 1 }, rng(1));
  expect([...(sink.data as Float32Array)]).toEqual([0]);
  expect(sink.shape).toEqual([]);
});

test("a soft cap comes before the mask: it gives no weight to what is blocked", async () => {
  const mask = array([[true, true, false]]);
  const got = await evaluate((s: Tensor, m: Tensor) => softmaxWith(s, m, { softCap: 1 }), array([[9, 9, 9]]), mask);
  expect([...(got.data as Float32Array)]).toEqual([0.5, 0.5, 0]);
});

test("off by one: by hand, and a query that looks nowhere", async () => {
  const scores = array([[0, Math.log(2), 0], [-200, -200, -200], [200, 0, 0]]); // prettier-ignore
  const got = await evaluate((s: Tensor) => offByOne(s, null), scores);
  expectClose(got.data as Float32Array, [0.2, 0.4, 0.2, 0, 0, 0, 1, 0, 0], { rtol: 1e-6 });
});
