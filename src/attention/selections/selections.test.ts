// Selections: what they draw, how often, what they tell of it, which gradients they carry, and what they refuse.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray, zeros } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { softmax } from "../../core/ops/softmax.ts";
import { constant, input } from "../../core/ops/source.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { drawInto, foldIn, randomKey, rng } from "../../core/random.ts";
import { topological, type Tensor } from "../../core/tensor.ts";
import { compile, evaluate } from "../../engine/compile.ts";
import { attend, beginAttention, prepareMemory } from "../attend.ts";
import type { AttentionCell, Selection, SelectionResult } from "../contract.ts";
import { sigmoidNormalizer } from "../normalizers/sigmoid.ts";
import { softmaxNormalizer } from "../normalizers/softmax.ts";
import { dot } from "../scores/dot.ts";
import { argMax } from "./arg-max.ts";
import { expectDifferences, onReference, type RefGiven } from "./differences.cases.ts";
import { hard } from "./hard.ts";
import { linearRecurrence } from "./linear-recurrence.ts";
import { monotonic, monotonicAlignment } from "./monotonic.ts";
import { gumbelSoftmax, straightThrough } from "./relaxed.ts";
import { subset } from "./subset.ts";

type Plain = Selection<Record<never, never>>;
type Numbers = Readonly<Record<string, number[]>>;

const numbers = (a: NdArray): number[] => Array.from(a.data as ArrayLike<number>);
const call = evaluate as unknown as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
const run = async (...args: readonly unknown[]): Promise<Numbers> =>
  Object.fromEntries(Object.entries(await call(...args)).map(([name, a]) => [name, numbers(a)]));

/** What a selection gives for a distribution (B, S), on the native CPU. */
async function select(
  selection: Plain,
  distribution: NdArray,
  { key, mask, previous }: { readonly key?: NdArray; readonly mask?: NdArray; readonly previous?: NdArray } = {},
): Promise<Numbers> {
  const fn = (p: Tensor, given: Readonly<Record<string, Tensor>>): unknown =>
    selection.select({} as never, {
      distribution: p,
      mask: given["mask"] ?? null,
      key: given["key"] ?? null,
      state: given["previous"] ? { alignment: given["previous"] } : {},
    });
  const given = { ...(key ? { key } : {}), ...(mask ? { mask } : {}), ...(previous ? { previous } : {}) };
  return run(fn, distribution, given);
}

const rows = (p: readonly number[], count: number): NdArray =>
  new NdArray(
    "float32",
    [count, p.length],
    Float32Array.from({ length: count * p.length }, (_, i) => p[i % p.length]!),
  );

/** Pearson's statistic of counts against probabilities. */
function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const n = counts.reduce((a, b) => a + b, 0);
  return counts.reduce((total, c, i) => total + (c - n * probabilities[i]!) ** 2 / (n * probabilities[i]!), 0);
}

// Exceeded with probability 1e-4 by chance, by degrees of freedom.
const limits: Readonly<Record<number, number>> = { 3: 21.1, 4: 23.5, 11: 37.4 };

const tally = (values: readonly number[], n: number): number[] => {
  const counts = new Array<number>(n).fill(0);
  for (const v of values) counts[v]!++;
  return counts;
};

const entropy = (p: readonly number[]): number => -p.reduce((h, v) => h + (v > 0 ? v * Math.log(v) : 0), 0);
const p5 = [0.4, 0.05, 0.3, 0.05, 0.2];
const key = randomKey(11);
const stochastic: readonly (readonly [string, Plain])[] = [
  ["hard", hard()],
  ["subset", subset({ count: 2 })],
  ["gumbelSoftmax", gumbelSoftmax({ temperature: 0.7 })],
  ["straightThrough", straightThrough({ temperature: 0.7 })],
];
const choosing: readonly (readonly [string, Plain])[] = [["argMax", argMax], ...stochastic];

describe("argMax", () => {
  test("is one-hot at the likeliest position, the lower one where two tie, and tells of it", async () => {
    const p = array([
      [0.1, 0.6, 0.3],
      [0.2, 0.4, 0.4],
      [1, 0, 0],
    ]);
    const got = await select(argMax, p);
    expect(got["weights"]).toEqual([0, 1, 0, 0, 1, 0, 1, 0, 0]);
    expect(got["sample"]).toEqual([1, 1, 0]);
    expectClose(got["logProb"]!, [Math.log(0.6), Math.log(0.4), 0], { rtol: 1e-6 });
    expectClose(
      got["entropy"]!,
      [
        [0.1, 0.6, 0.3],
        [0.2, 0.4, 0.4],
        [1, 0, 0],
      ].map(entropy),
      { rtol: 1e-6 },
    );
  });

  test("two probabilities whose logarithms round alike are told apart", async () => {
    const [a, b] = [0.4999999, 0.49999993];
    expect((await select(argMax, array([[a, b, 0]])))["sample"]).toEqual([1]);
  });
});

describe("hard", () => {
  const N = 40_000;

  test("draws positions as often as their probability says", async () => {
    const { sample } = await select(hard(), rows(p5, N), { key });
    expect(chiSquare(tally(sample!, 5), p5)).toBeLessThan(limits[4]!);
  });

  test("is the race of exponential clocks on the same numbers, a second way to draw", async () => {
    const n = 2000;
    const { sample } = await select(hard(), rows(p5, n), { key });
    const u = new Float32Array(n * 5);
    drawInto(u, key.data as Int32Array, 0, { type: "uniform" });
    const winners = Array.from({ length: n }, (_, b) => {
      const times = p5.map((p, s) => -Math.log(u[b * 5 + s]!) / p);
      return times.indexOf(Math.min(...times));
    });
    expect(sample).toEqual(winners);
  });

  test("tells sample, log-probability and entropy; weights are the sample's one-hot", async () => {
    const { weights, sample, logProb, entropy: h } = await select(hard(), rows(p5, 100), { key });
    sample!.forEach((s, b) => {
      expect(weights!.slice(b * 5, b * 5 + 5)).toEqual(p5.map((_, i) => Number(i === s)));
      expect(logProb![b]).toBeCloseTo(Math.log(p5[s]!), 5);
      expect(h![b]).toBeCloseTo(entropy(p5), 5);
    });
  });

  test("draws in proportion where the distribution does not sum to 1, and tells normalized logarithms", async () => {
    const half = await select(
      hard(),
      rows(
        p5.map((p) => p / 2),
        300,
      ),
      { key },
    );
    const whole = await select(hard(), rows(p5, 300), { key });
    expect(half["sample"]).toEqual(whole["sample"]);
    expectClose(half["logProb"]!, whole["logProb"]!, { rtol: 1e-6 });
    expectClose(half["entropy"]!, whole["entropy"]!, { rtol: 1e-6 });
  });

  test("semi-sampling: one coin a call decides for the whole batch", async () => {
    const selection = hard({ semiSampling: 0.3 });
    const calls = 400;
    let soft = 0;
    const fn = (p: Tensor, k: Tensor): unknown => {
      const { weights, logProb } = selection.select({} as never, { distribution: p, mask: null, key: k, state: {} });
      return { weights, logProb, grad: gradients(sum(mul(weights, weights)), [p])[0]! };
    };
    const p = rows(p5, 6);
    for (let i = 0; i < 12; i++) {
      const { weights, logProb, grad } = await run(fn, p, foldIn(key, i));
      const isSoft = weights!.every((w, j) => w === Math.fround(p5[j % 5]!));
      const isHard = weights!.every((w) => w === 0 || w === 1);
      expect(isSoft !== isHard).toBe(true);
      // Softly, the weights are differentiated and nothing was chosen; else the reverse.
      expect(logProb!.every((v) => v === 0)).toBe(isSoft);
      expectClose(grad!, isSoft ? weights!.map((w) => 2 * w) : weights!.map(() => 0), { rtol: 1e-6 });
    }
    const coin = (k: Tensor): unknown =>
      selection.select({} as never, { distribution: constant([[0.25, 0.75]]), mask: null, key: k, state: {} }).weights;
    const compiled = compile(coin) as unknown as (k: NdArray) => Promise<NdArray>;
    for (let i = 0; i < calls; i++) if (numbers(await compiled(foldIn(key, 1000 + i)))[0] === 0.25) soft++;
    expect(Math.abs(soft - 0.3 * calls)).toBeLessThan(4 * Math.sqrt(calls * 0.3 * 0.7));
  });
});

describe("subset", () => {
  const p = [0.5, 0.1, 0.25, 0.15];
  const plackettLuce = (order: readonly number[]): number => {
    let left = 1;
    return order.reduce((q, s) => {
      const next = (q * p[s]!) / left;
      left -= p[s]!;
      return next;
    }, 1);
  };

  test("ordered pairs come as often as drawing from what is left says", async () => {
    const N = 40_000;
    const { sample, logProb, weights } = await select(subset({ count: 2 }), rows(p, N), { key });
    const pairs = [0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].flatMap((b) => (a === b ? [] : [[a, b] as const])));
    const at = (b: number): number => pairs.findIndex(([x, y]) => x === sample![2 * b] && y === sample![2 * b + 1]);
    const found = Array.from({ length: N }, (_, b) => at(b));
    expect(chiSquare(tally(found, 12), pairs.map(plackettLuce))).toBeLessThan(limits[11]!);
    for (let b = 0; b < 200; b++) {
      const pair = pairs[found[b]!]!;
      expect(logProb![b]).toBeCloseTo(Math.log(plackettLuce(pair)), 5);
      expect(weights!.slice(4 * b, 4 * b + 4)).toEqual(p.map((_, s) => (pair.includes(s) ? 0.5 : 0)));
    }
  });

  test("all positions, in an order whose log-probability is told; without a key the likeliest", async () => {
    const all = await select(subset({ count: 9 }), rows(p, 50), { key });
    expect(all["weights"]!.every((w) => w === 0.25)).toBe(true);
    for (let b = 0; b < 50; b++)
      expect(all["logProb"]![b]).toBeCloseTo(Math.log(plackettLuce(all["sample"]!.slice(4 * b, 4 * b + 4))), 5);
    const top = await select(subset({ count: 2 }), rows(p, 1));
    expect(top["sample"]).toEqual([0, 2]);
    expect(top["weights"]).toEqual([0.5, 0, 0.5, 0]);
  });

  test("with fewer positions than draws, the mean of those there are", async () => {
    const got = await select(subset({ count: 3 }), array([[0.75, 0, 0.25, 0]]), { key });
    expect(got["weights"]).toEqual([0.5, 0, 0.5, 0]);
    expect(got["sample"]![2]).toBe(0);
    // The second draw is certain.
    expect(got["logProb"]![0]).toBeCloseTo(Math.log([0.75, 0, 0.25][got["sample"]![0]!]!), 5);
  });

  test("a near-certain first draw leaves the rest exact", async () => {
    const q = [1 - 3e-7, 2e-7, 1e-7];
    const { sample, logProb } = await select(subset({ count: 2 }), rows(q, 64), { key });
    expect(tally(sample!, 3)[0]).toBe(64);
    const expected = Array.from({ length: 64 }, (_, b) =>
      sample![2 * b] === 0 ? Math.log(q[sample![2 * b + 1]!]! / 3e-7) : logProb![b]!,
    );
    expectClose(logProb!, expected, { rtol: 0, atol: 1e-3 });
  });
});

describe("relaxed choices", () => {
  const p = [0.2, 0.5, 0.1, 0.2];
  const N = 40_000;

  test("Gumbel-softmax sums to 1, and its largest weight falls on a position with that position's probability", async () => {
    const { weights } = await select(gumbelSoftmax({ temperature: 0.5 }), rows(p, N), { key });
    const largest = Array.from({ length: N }, (_, b) => {
      const row = weights!.slice(4 * b, 4 * b + 4);
      expect(Math.abs(row.reduce((x, y) => x + y, 0) - 1)).toBeLessThan(1e-5);
      return row.indexOf(Math.max(...row));
    });
    expect(chiSquare(tally(largest, 4), p)).toBeLessThan(limits[3]!);
  });

  test("between two positions its weight has the binary Concrete distribution, by Kolmogorov and Smirnov", async () => {
    // P(w <= x) = sigmoid(temperature logit(x) - logit(p)): Maddison, Mnih and Teh 2017, the difference of two Gumbels is logistic.
    const [q, temperature] = [0.3, 0.8];
    const { weights } = await select(gumbelSoftmax({ temperature }), rows([q, 1 - q], N), { key });
    const sorted = Array.from({ length: N }, (_, b) => weights![2 * b]!).sort((x, y) => x - y);
    const logit = (x: number): number => Math.log(x / (1 - x));
    const cdf = (x: number): number => 1 / (1 + Math.exp(logit(q) - temperature * logit(x)));
    const distance = Math.max(...sorted.map((x, i) => Math.abs(cdf(x) - (i + 0.5) / N)));
    expect(distance * Math.sqrt(N)).toBeLessThan(2.2); // 1.2e-4 by chance
  });

  test("straight-through has the values of hard and the gradient of Gumbel-softmax, to the last bit", async () => {
    const fn =
      (selection: Plain) =>
      (scores: Tensor, c: Tensor, k: Tensor): unknown => {
        const distribution = softmax(scores);
        const { weights } = selection.select({} as never, { distribution, mask: null, key: k, state: {} });
        return { weights, grad: gradients(sum(mul(weights, c)), [scores])[0]! };
      };
    const [scores, c] = [rng(1).normal([7, 5], 1), rng(2).normal([7, 5], 1)];
    const through = await run(fn(straightThrough({ temperature: 0.6 })), scores, c, key);
    const relaxed = await run(fn(gumbelSoftmax({ temperature: 0.6 })), scores, c, key);
    const drawn = await run(fn(hard()), scores, c, key);
    expect(through["weights"]).toEqual(drawn["weights"]);
    expect(through["grad"]).toEqual(relaxed["grad"]);
    expect(through["grad"]!.some((g) => g !== 0)).toBe(true);
    expect(drawn["grad"]!.every((g) => g === 0)).toBe(true);
  });

  test("a low temperature rounds the draw to that of hard", async () => {
    const relaxed = await select(gumbelSoftmax({ temperature: 1e-4 }), rows(p, 200), { key });
    const drawn = await select(hard(), rows(p, 200), { key });
    const off = relaxed["weights"]!.filter((w, i) => Math.abs(w - drawn["weights"]![i]!) > 1e-3).length;
    expect(off).toBeLessThan(4);
  });
});

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

const softmaxOf = (scores: readonly number[], n: number): number[] =>
  scores.map((x, i) => {
    const row = scores.slice(i - (i % n), i - (i % n) + n);
    return Math.exp(x) / row.reduce((t, y) => t + Math.exp(y), 0);
  });

describe("monotonic", () => {
  const soft = monotonic({ noise: 0 });
  const P = [
    [0.3, 0.6, 0.2],
    [0.5, 0.1, 0.7],
    [0.9, 0.4, 0.25],
  ] as const;

  /** The process of Raffel et al., Algorithm 1, on one table of coins; a null is a step that stopped nowhere. */
  function stops(coins: (step: number, position: number) => boolean, steps: number, S: number): (number | null)[] {
    const out: (number | null)[] = [];
    let from: number | null = 0;
    for (let i = 0; i < steps; i++) {
      let found: number | null = null;
      if (from !== null)
        for (let j: number = from; j < S; j++)
          if (coins(i, j)) {
            found = j;
            break;
          }
      out.push(found);
      from = found;
    }
    return out;
  }

  /** Probability that step i stops at j, by all 2^(U S) tables of coins. */
  function byCoins(p: readonly (readonly number[])[]): number[][] {
    const [U, S] = [p.length, p[0]!.length];
    const alpha = p.map(() => new Array<number>(S).fill(0));
    for (let table = 0; table < 2 ** (U * S); table++) {
      const coin = (i: number, j: number): boolean => ((table >> (i * S + j)) & 1) === 1;
      let weight = 1;
      for (let i = 0; i < U; i++) for (let j = 0; j < S; j++) weight *= coin(i, j) ? p[i]![j]! : 1 - p[i]![j]!;
      stops(coin, U, S).forEach((j, i) => j !== null && (alpha[i]![j]! += weight));
    }
    return alpha;
  }

  test("expected alignments are those of the process, by all tables of coins", () => {
    const [got] = onReference({ p: { shape: [3, 3], data: P.flat() } }, ({ p }) => {
      const { begin, next } = soft.history!;
      const memory = { keys: input([1, 3, 2]), values: input([1, 3, 2]), mask: null, prepared: input([1, 3, 2]) };
      let state = begin(memory);
      const out = P.map((_, i) => {
        const row = sum(mul(p, constant(P.map((_, j) => [Number(i === j)]))), 0, { keepDims: true });
        const { weights } = soft.select({} as never, { distribution: row, mask: null, key: constant(key), state });
        state = next(state as never, weights);
        return weights;
      });
      return [
        out.reduce(
          (a, w, i) => add(a, mul(broadcastTo(w, [3, 3]), constant(P.map((_, j) => [Number(i === j)])))),
          mul(p, 0),
        ),
      ];
    });
    expectClose(got!, byCoins(P).flat(), { rtol: 0, atol: 1e-14 });
  });

  test("and those of the paper's parallel formula, where that is well conditioned", () => {
    const p = [0.3, 0.1, 0.25, 0.4, 0.05, 0.6];
    const before = [0.2, 0.3, 0, 0.1, 0.25, 0.05];
    const product = p.map((_, j) => p.slice(0, j).reduce((a, v) => a * (1 - v), 1));
    const expected = p.map(
      (v, j) => v * product[j]! * before.slice(0, j + 1).reduce((a, b, k) => a + b / product[k]!, 0),
    );
    const [got] = onReference({ p: { shape: [1, 6], data: p }, q: { shape: [1, 6], data: before } }, ({ p: a, q }) => [
      monotonicAlignment(a, q),
    ]);
    expectClose(got!, expected, { rtol: 0, atol: 1e-14 });
  });

  test("certain stops and long sources, where the parallel formula divides by 0, are exact", async () => {
    const S = 300;
    const p = new Float32Array(S).fill(0.9);
    p[0] = 1;
    const previous = new Float32Array(S);
    previous[1] = 0.5;
    previous[250] = 0.5;
    const got = await select(soft, new NdArray("float32", [1, S], p), {
      key,
      previous: new NdArray("float32", [1, S], previous),
    });
    const expected = new Array<number>(S).fill(0);
    for (const k of [1, 250]) for (let j = k; j < S; j++) expected[j]! += 0.5 * 0.9 * 0.1 ** (j - k);
    expectClose(got["weights"]!, expected, { rtol: 1e-6 });
  });

  test("linearRecurrence is the loop, for every length", () => {
    for (let S = 1; S <= 9; S++) {
      const a = Array.from({ length: S }, (_, i) => (i % 3 === 2 ? 0 : Math.sin(i + 1)));
      const b = Array.from({ length: S }, (_, i) => Math.cos(3 * i));
      const q: number[] = [];
      for (let i = 0; i < S; i++) q.push(a[i]! * (q[i - 1] ?? 0) + b[i]!);
      const [got] = onReference({ a: { shape: [1, S], data: a }, b: { shape: [1, S], data: b } }, (t) => [
        linearRecurrence(t.a, t.b),
      ]);
      expectClose(got!, q, { rtol: 1e-14 });
    }
  });

  test("while evaluating it is the process with coins p > 0.5; past the end it attends nowhere, for good", async () => {
    const cell: AttentionCell = { score: dot, normalizer: sigmoidNormalizer, selection: monotonic() };
    const none = { score: {}, window: {}, normalizer: {}, selection: {} };
    // Scores are the queries' numbers: keys are the identity.
    const steps = [
      [-1, 2, 1, -3],
      [-1, -2, 3, 1],
      [4, 4, -1, -1],
      [5, 5, 5, 5],
    ];
    const fn = (queries: readonly Tensor[], keys: Tensor): unknown => {
      const memory = prepareMemory(cell, none, { keys, values: keys, mask: null });
      let state = beginAttention(cell, memory);
      return Object.fromEntries(
        queries.map((query, i) => {
          const result = attend(cell, none, memory, query, { state });
          state = result.state;
          return [String(i), { weights: result.weights, sample: result.sample! }];
        }),
      );
    };
    const identity = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => Number(i === j)));
    const out = (await call(
      fn,
      steps.map((q) => array([q])),
      array([identity]),
    )) as never as Record<string, { weights: NdArray; sample: NdArray }>;
    const want = stops((i, j) => steps[i]![j]! > 0, 4, 4);
    expect(want).toEqual([1, 2, null, null]);
    want.forEach((j, i) => {
      expect(numbers(out[i]!.weights)).toEqual([0, 1, 2, 3].map((s) => Number(s === j)));
      expect(numbers(out[i]!.sample)).toEqual([j ?? 0]);
    });
  });

  test("blocked positions are passed over, an empty row is 0, NaN is passed on", async () => {
    const mask = array([
      [true, false, true],
      [false, false, false],
    ]);
    const previous = array([
      [1, 0, 0],
      [1, 0, 0],
    ]);
    for (const bad of [0.9, NaN]) {
      const p = array([
        [0.25, bad, 0.5],
        [bad, bad, bad],
      ]);
      const { weights } = await select(soft, p, { key, mask, previous });
      expectClose(weights!, [0.25, 0, 0.375, 0, 0, 0], { rtol: 1e-6 });
      expect((await select(soft, p, { mask, previous }))["weights"]).toEqual([0, 0, 0, 0, 0, 0]);
    }
    for (const k of [{ key }, {}]) {
      const { weights } = await select(soft, array([[NaN, 0.5, 0.6]]), { ...k, previous: array([[1, 0, 0]]) });
      expect(weights!.some(Number.isNaN)).toBe(true);
    }
  });

  test("gradients are differences on the reference, with certain stops too, and with noise", () => {
    const given = {
      p: { shape: [2, 4], data: [0.3, 0.6, 0.1, 0.7, 0.2, 0.5, 0.4, 0.9] },
      previous: { shape: [2, 4], data: [0.2, 0.3, 0.1, 0.2, 0, 1, 0, 0] },
      key: { shape: [2], data: numbers(key), dtype: "int32" },
    } as const;
    for (const noise of [0, 1])
      expectDifferences(given, ({ p, previous, key: k }) => {
        const state = { alignment: previous };
        const { weights } = monotonic({ noise }).select({} as never, { distribution: p, mask: null, key: k, state });
        return sum(mul(mul(weights, weights), constant([[1, 2, -1, 3]])));
      });
  });

  test("the noise is that of the key, and a probability of 0 or 1 stays nearly so", async () => {
    const previous = rows([1, 0, 0], 50);
    const p = rows([0.3, 0.5, 0.9], 50);
    const one = await select(monotonic(), p, { key, previous });
    expect(await select(monotonic(), p, { key, previous })).toEqual(one);
    expect((await select(monotonic(), p, { key: foldIn(key, 1), previous }))["weights"]).not.toEqual(one["weights"]);
    const sure = await select(monotonic(), rows([0, 1, 0], 50), { key, previous });
    sure["weights"]!.forEach((w, i) => expect(w).toBeCloseTo(Number(i % 3 === 1), 4));
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

test.each([
  [
    "hard",
    () => hard({ semiSampling: 1 }),
    "hard: semiSampling must lie in 0 <= semiSampling < 1, got 1. Use the selection soft.",
  ],
  ["hard", () => hard({ semiSampling: NaN }), "hard: semiSampling must lie in 0 <= semiSampling < 1, got NaN"],
  ["hard", () => hard({ samples: 2 } as never), 'hard: options must be among semiSampling, got "samples"'],
  ["subset", () => subset({ count: 0 }), "subset: count must be an integer >= 1, got 0"],
  ["subset", () => subset(undefined as never), "subset: count must be an integer >= 1, got undefined"],
  [
    "gumbelSoftmax",
    () => gumbelSoftmax({ temperature: 0 }),
    "gumbelSoftmax: temperature must be a finite number > 0, got 0. The limit of temperature 0 is the selection hard.",
  ],
  [
    "gumbelSoftmax",
    () => gumbelSoftmax({} as never),
    "gumbelSoftmax: temperature must be a finite number > 0, got undefined",
  ],
  [
    "straightThrough",
    () => straightThrough({ temperature: Infinity }),
    "straightThrough: temperature must be a finite number > 0, got Infinity",
  ],
  [
    "straightThrough",
    () => straightThrough({ temperature: 1, hard: true } as never),
    'straightThrough: options must be among temperature, got "hard"',
  ],
  ["monotonic", () => monotonic({ noise: -1 }), "monotonic: noise must be a finite number >= 0, got -1"],
  ["monotonic", () => monotonic({ mode: "hard" } as never), 'monotonic: options must be among noise, got "mode"'],
])("%s refuses what cannot be", (_, make, message) => {
  expect(make).toThrow(message);
});

test("a mask of another shape is refused by name", () => {
  const step = { distribution: input([2, 3]), mask: input([2, 4], "bool"), key: null, state: {} };
  expect(() => hard().select({} as never, step)).toThrow(
    "hard: axis S is 3 in distribution axis 1 but 4 in mask axis 1",
  );
});
