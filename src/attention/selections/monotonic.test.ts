// Monotonic selection: against its process, coin by coin, against the paper's formula, and where that formula fails.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant, input } from "../../core/ops/source.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { foldIn } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { attend, beginAttention, prepareMemory } from "../attend.ts";
import type { AttentionCell } from "../contract.ts";
import { sigmoidNormalizer } from "../normalizers/sigmoid.ts";
import { dot } from "../scores/dot.ts";
import { expectDifferences, onReference } from "./differences.cases.ts";
import { linearRecurrence } from "./linear-recurrence.ts";
import { monotonic, monotonicAlignment } from "./monotonic.ts";
import { call, key, numbers, rows, select } from "./select.cases.ts";

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
