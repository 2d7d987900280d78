// Selections: what they draw, how often, what they tell of it, and what they refuse.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { array, type NdArray } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { softmax } from "../../core/ops/softmax.ts";
import { constant, input } from "../../core/ops/source.ts";
import { drawInto, foldIn, rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile } from "../../engine/compile.ts";
import { argMax } from "./arg-max.ts";
import { hard } from "./hard.ts";
import { monotonic } from "./monotonic.ts";
import { gumbelSoftmax, straightThrough } from "./relaxed.ts";
import { subset } from "./subset.ts";

import { key, numbers, p5, rows, run, select, type Plain } from "./select.cases.ts";

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

test.each([
  [
    "hard",
    () => hard({ semiSampling: 1 }),
    "hard: semiSampling must lie in 0 <= semiSampling < 1, got 1. Use the selection soft.",
  ],
  ["hard", () => hard({ semiSampling: NaN }), "hard: semiSampling must lie in 0 <= semiSampling < 1, got NaN"],
  ["hard", () => hard({ samples: 2 } as never), 'hard: options must be among semiSampling, got "samples"'],
  ["subset", () => subset({ count: 0 }), "subset: count must be an integer >= 1, got 0"],
  ["subset", () => subset(undefined as never), "subset: options must be an object with count, got undefined"],
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
