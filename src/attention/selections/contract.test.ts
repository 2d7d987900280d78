// What holds for every selection: a function of its key, masks, empty rows, NaN, gradients, and its place in a cell.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray, zeros } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant, input } from "../../core/ops/source.ts";
import { foldIn, randomKey, rng } from "../../core/random.ts";
import { topological, type Tensor } from "../../core/tensor.ts";
import { attend, prepareMemory } from "../attend.ts";
import type { AttentionCell, SelectionResult } from "../contract.ts";
import { sigmoidNormalizer } from "../normalizers/sigmoid.ts";
import { softmaxNormalizer } from "../normalizers/softmax.ts";
import { dot } from "../scores/dot.ts";
import { argMax } from "./arg-max.ts";
import { expectDifferences, type RefGiven } from "./differences.cases.ts";
import { hard } from "./hard.ts";
import { monotonic } from "./monotonic.ts";
import { gumbelSoftmax, straightThrough } from "./relaxed.ts";
import { subset } from "./subset.ts";

import { key, numbers, p5, rows, run, select, type Plain } from "./select.cases.ts";

const softmaxOf = (scores: readonly number[], n: number): number[] =>
  scores.map((x, i) => {
    const row = scores.slice(i - (i % n), i - (i % n) + n);
    return Math.exp(x) / row.reduce((t, y) => t + Math.exp(y), 0);
  });

const stochastic: readonly (readonly [string, Plain])[] = [
  ["hard", hard()],
  ["subset", subset({ count: 2 })],
  ["gumbelSoftmax", gumbelSoftmax({ temperature: 0.7 })],
  ["straightThrough", straightThrough({ temperature: 0.7 })],
];
const choosing: readonly (readonly [string, Plain])[] = [["argMax", argMax], ...stochastic];

describe.each(stochastic)("%s", (_name, selection) => {
  test("is a function of the key", async () => {
    const p = rows(p5, 40);
    const one = await select(selection, p, { key });
    expect(await select(selection, p, { key: randomKey(11) })).toEqual(one);
    expect((await select(selection, p, { key: foldIn(key, 1) }))["weights"]).not.toEqual(one["weights"]);
  });

  test("two uses in one graph draw different numbers", async () => {
    const fn = (p: Tensor, k: Tensor): unknown => {
      const step = { distribution: p, mask: null, key: k, state: {} };
      return { a: selection.select({} as never, step).weights, b: selection.select({} as never, step).weights };
    };
    const { a, b } = await run(fn, rows(p5, 40), key);
    expect(a).not.toEqual(b);
  });
});

describe.each(choosing)("%s", (name, selection) => {
  /** Weights, what is told, and the gradient in the distribution of all of it. */
  const both = (p: Tensor, given: Readonly<Record<string, Tensor>>): unknown => {
    const step = { distribution: p, mask: given["mask"] ?? null, key: given["key"] ?? null, state: {} };
    const result: SelectionResult = selection.select({} as never, step);
    const { weights, logProb, entropy: h } = result;
    const loss = [sum(mul(weights, weights)), ...[logProb, h].flatMap((t) => (t ? [sum(t)] : []))];
    return {
      ...result,
      grad: gradients(
        loss.reduce((a, b) => add(a, b)),
        [p],
      )[0]!,
    };
  };
  const mask = array([
    [true, true, false, true],
    [false, false, false, false],
    [false, true, false, false],
  ]);
  const given = array([
    [0.5, 0.2, 0, 0.3],
    [0, 0, 0, 0],
    [0, 1, 0, 0],
  ]);

  test.each([
    ["while training", { mask, key }],
    ["while evaluating", { mask }],
  ])("an empty row gives zeros, and finite gradients: %s", async (_, args) => {
    const got = await run(both, given, args);
    for (const [what, values] of Object.entries(got)) {
      expect(values.filter((v) => !Number.isFinite(v))).toEqual([]);
      const width = values.length / 3;
      expectClose(values.slice(width, 2 * width), new Array(width).fill(0), { rtol: 0 }, what);
    }
    // What stands at blocked positions has no influence, not even NaN.
    for (const bad of [7, NaN, Infinity]) {
      const disturbed = numbers(given).map((v, i) => (mask.data[i] === 1 ? v : bad));
      expect(await run(both, new NdArray("float32", [3, 4], Float32Array.from(disturbed)), args)).toEqual(got);
    }
    expect(got["weights"]!.slice(8)).toEqual([0, 1, 0, 0]);
    if (got["logProb"]) expect(got["logProb"][2]).toBeCloseTo(0, 6);
  });

  test("no mask: a row of zeros is an empty one", async () => {
    const got = await select(selection, zeros([2, 3]), { key });
    expect(
      Object.values(got)
        .flat()
        .every((v) => v === 0),
    ).toBe(true);
  });

  test("probabilities down to the smallest float give finite gradients", async () => {
    const tiny = array([
      [1, 1e-20, 1e-31, 1.4e-45],
      [1e-40, 0.5, 0.5, 0],
      [1e-38, 1e-38, 0, 0],
    ]);
    for (const args of [{ key }, {}]) {
      const got = await run(both, tiny, args);
      expect(Object.values(got).flat().every(Number.isFinite)).toBe(true);
    }
  });

  test("NaN at an allowed position is passed on", async () => {
    const bad = array([
      [NaN, 0.5, 0.5],
      [NaN, NaN, NaN],
      [0.5, 0.25, 0.25],
    ]);
    for (const args of [{ key }, {}]) {
      const { weights } = await select(selection, bad, args);
      expect(weights!.slice(0, 6).every(Number.isNaN)).toBe(true);
      expect(weights!.slice(6).every(Number.isFinite)).toBe(true);
    }
  });

  test("gradients are differences on the float64 reference", () => {
    const q = softmaxOf([0.3, -0.4, 1.1, 0.2, -1, 0.5, 0.9, -0.2], 4);
    const cases: Readonly<Record<string, RefGiven>>[] = [{ p: { shape: [2, 4], data: q } }];
    // Choices are piecewise constant: the draws are given, and no difference is large enough to change them.
    cases.push({ ...cases[0]!, key: { shape: [2], data: numbers(key), dtype: "int32" } });
    for (const c of cases)
      expectDifferences(c, ({ p, key: k }) => {
        const told = selection.select({} as never, { distribution: p!, mask: null, key: k ?? null, state: {} });
        const parts = [told.logProb, told.entropy].flatMap((t) => (t ? [sum(t)] : []));
        const smooth = name === "gumbelSoftmax" ? [sum(mul(told.weights, constant([[1, -2, 0.5, 3]])))] : [];
        return [...parts, ...smooth].reduce((a, b) => add(a, b));
      });
  });
});

describe.each([...choosing, ["monotonic", monotonic()] as const])("%s in a cell", (name, selection) => {
  const normalizer = name === "monotonic" ? sigmoidNormalizer : softmaxNormalizer;
  const cell: AttentionCell = { score: dot, normalizer, selection };
  const none = { score: {}, window: {}, normalizer: {}, selection: {} };
  const [B, S, K] = [3, 5, 4];
  const draw = rng(3);
  const [query, keys] = [draw.normal([B, K], 1), draw.normal([B, S, K], 1)];
  const step = (q: Tensor, k: Tensor, given: Readonly<Record<string, Tensor>>): unknown => {
    const memory = prepareMemory(cell, none, { keys: k, values: k, mask: given["mask"]! });
    const { context, weights, logProb } = attend(cell, none, memory, q, { key: given["key"] ?? null });
    const loss = add(sum(mul(context, context)), logProb ? sum(logProb) : 0);
    const [dq, dk] = gradients(loss, [q, k]);
    return { context, weights, dq: dq!, dk: dk! };
  };

  test.each([["training"], ["evaluating"]])(
    "%s: padding has no influence to the last bit, an empty row is 0",
    async (mode) => {
      const mask = new NdArray(
        "bool",
        [B, S],
        Uint8Array.from({ length: B * S }, (_, i) => Number(i % S < [5, 3, 0][Math.floor(i / S)]!)),
      );
      const args = { mask, ...(mode === "training" ? { key } : {}) };
      const got = await run(step, query, keys, args);
      expect(Object.values(got).flat().every(Number.isFinite)).toBe(true);
      expect(got["context"]!.slice(2 * K)).toEqual(new Array(K).fill(0));
      expect(got["dq"]!.slice(2 * K).every((v) => v === 0)).toBe(true);
      const spoiled = numbers(keys).map((v, i) => (mask.data[Math.floor(i / K)] === 1 ? v : NaN));
      expect(await run(step, query, new NdArray("float32", keys.shape, Float32Array.from(spoiled)), args)).toEqual(got);
    },
  );
});

test("weights of a choice carry no gradient: nothing of the distribution is reached through them", () => {
  const p = input([2, 3]);
  for (const selection of [argMax, hard(), subset({ count: 2 })]) {
    const { weights } = selection.select({} as never, {
      distribution: p,
      mask: null,
      key: input([2], "int32"),
      state: {},
    });
    const [g] = gradients(sum(weights), [p]);
    expect(topological([g!]).map((node) => node.op.name)).toEqual(["fill"]);
  }
});
