// Entmax and sparsemax against a second derivation, and what is special about weights that are exactly 0.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { onCpu, onReference } from "../../../test/golden.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { stack, unstack } from "../../core/ops/concat.ts";
import { sum } from "../../core/ops/reduce.ts";
import { scan } from "../../core/ops/scan.ts";
import { constant, fill, input } from "../../core/ops/source.ts";
import { log } from "../../core/ops/unary.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { entmax } from "./entmax.ts";
import { entmaxRows } from "./entmax-bisection.ts";
import { learnedAlpha, learnedEntmax } from "./learned-entmax.ts";
import { sparsemax } from "./sparsemax.ts";
import { topKSoftmax } from "./top-k.ts";

/** Entmax of one row by its definition: plain halving of the threshold, in float64, no step of it shared with ours. */
function solved(row: readonly number[], alpha: number): readonly number[] {
  const weights = (tau: number): number[] => row.map((x) => Math.max((alpha - 1) * x - tau, 0) ** (1 / (alpha - 1)));
  let [low, high] = [(alpha - 1) * Math.max(...row) - 1, (alpha - 1) * Math.max(...row)];
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (weights(middle).reduce((a, b) => a + b) > 1) low = middle;
    else high = middle;
  }
  return weights(low);
}

const floats = (a: NdArray): readonly number[] => [...(a.data as Float32Array)];
const rows = (a: NdArray): readonly (readonly number[])[] => {
  const size = a.shape.at(-1)!;
  return Array.from({ length: a.size / size }, (_, i) => floats(a).slice(i * size, (i + 1) * size));
};
const weigh = async (fn: (x: Tensor) => Tensor, x: NdArray): Promise<readonly number[]> =>
  floats(await evaluate(fn, x));

describe("equals the definition, solved row by row", () => {
  const cases = [1.05, 1.25, 1.5, 1.75, 2, 2.5, 4].flatMap((alpha) =>
    [0.1, 1, 10].map((deviation) => ({ alpha, deviation })),
  );
  test.each(cases)("alpha $alpha, deviation $deviation", async ({ alpha, deviation }) => {
    const x = rng(5).normal([6, 40], deviation);
    const want = rows(x).flatMap((row) => solved(row, alpha));
    const got = onReference((_p, { x }) => ({ y: entmax(x!, null, alpha) }), {}, { x }).get("y")!;
    expectClose(got.data, want, { rtol: 0, atol: 1e-8 });
    // Far above 2 a weight at the edge is a root of what float32 rounds away, and the others make up for it.
    const device = await weigh((t) => entmax(t, null, alpha), x);
    expectClose(device, want, { rtol: 0, atol: alpha > 3 ? 1e-3 : 1e-5 });
    // The same positions are 0, but for those at the very edge.
    want.forEach((w, i) => w > 1e-4 === got.data[i]! > 1e-4 || expect.fail(`position ${i}`));
    if (alpha > 1.2 && deviation >= 10) expect(got.data).toContain(0);
  });

  test("bisection agrees with the closed forms, gradients too", () => {
    const x = rng(6).normal([4, 30], 2);
    const seed = rng(7).normal([4, 30], 1);
    const run = (fn: (x: Tensor) => Tensor): readonly Float64Array[] => {
      const out = onReference(
        (_p, { x, seed }) => ({ y: fn(x!), g: gradients(sum(mul(fn(x!), seed!)), [x!])[0]! }),
        {},
        { x, seed },
      );
      return [out.get("y")!.data, out.get("g")!.data];
    };
    for (const alpha of [1.5, 2]) {
      const [sorted, halved] = [run((t) => entmax(t, null, alpha)), run((t) => entmaxRows(t, alpha))];
      sorted.forEach((want, i) => expectClose(halved[i]!, want, { rtol: 1e-8 }));
    }
    const [limit, near] = [run((t) => entmax(t, null, 1)), run((t) => entmaxRows(t, 1 + 1e-9))];
    limit.forEach((want, i) => expectClose(near[i]!, want, { rtol: 1e-7 }));
  });
});

describe("alpha as a tensor", () => {
  const x = rng(8).normal([2, 3, 2, 9], 1.5); // (B, H, T, S)
  const alpha = array([[[1.2]], [[1.5]], [[2]]]); // (H, 1, 1)

  test("each head has its own", async () => {
    const got = rows((await evaluate((s: Tensor, a: Tensor) => entmax(s, null, a), x, alpha)) as NdArray);
    for (const [r, row] of rows(x).entries())
      expectClose(got[r]!, solved(row, [1.2, 1.5, 2][Math.floor(r / 2) % 3]!), { rtol: 0, atol: 1e-5 });
  });

  test("its gradient is the derivative, up to alpha near 1, on the device too", async () => {
    const seed = rng(9).normal([1, 9], 1);
    const row = array([rows(x)[0]!]);
    const slope = (_p: unknown, { x, a, seed }: Readonly<Record<string, Tensor>>): Record<string, Tensor> => ({
      g: gradients(sum(mul(entmax(x!, null, a!), seed!)), [a!])[0]!,
    });
    for (const value of [1.001, 1.02, 1.3, 1.5, 1.9, 2, 2.6]) {
      const at = (a: number): number =>
        solved(rows(row)[0]!, a).reduce((total, w, i) => total + w * (seed.data[i] as number), 0);
      const h = 2e-4;
      const want = (8 * (at(value + h) - at(value - h)) - (at(value + 2 * h) - at(value - 2 * h))) / (12 * h);
      const given = { x: row, a: array(value), seed };
      // Where alpha nears 1, the plain definition itself loses digits.
      const exact = onReference(slope, {}, { ...given, a: new NdArray("float64", [], Float64Array.of(value)) });
      expectClose(exact.get("g")!.data, [want], { rtol: value < 1.01 ? 1e-4 : 1e-6 }, `alpha ${value}`);
      expectClose((await onCpu(slope, {}, given)).get("g")!.data, exact.get("g")!.data, { rtol: 1e-4, atol: 1e-6 });
    }
  });

  test("rows whose alpha is not above 1 are NaN", async () => {
    const a = array([[1], [0.5], [NaN], [2]]);
    const s = array([[1, 0], [1, 0], [1, 0], [1, 0]]); // prettier-ignore
    const got = await evaluate((s: Tensor, a: Tensor) => entmax(s, null, a), s, a);
    expect(floats(got as NdArray)).toEqual([NaN, NaN, NaN, NaN, NaN, NaN, 1, 0]);
  });

  test("a learned one stays above 1, whatever the parameter is, and begins where it is told", async () => {
    const [low, one, high] = floats(await evaluate((a: Tensor) => learnedAlpha(a), array([-1e4, 0, 1e4])));
    expect(low).toBeGreaterThan(1);
    expect(one).toBeCloseTo(1.5, 2);
    expect(high).toBe(2);
    for (const initial of [1.01, 1.5, 1.9]) {
      const stage = learnedEntmax({ initial, headCount: 3 });
      const { alpha } = stage.init({ querySize: 1, keySize: 1, alignmentSize: 1 }, rng(1));
      for (const a of floats(await evaluate((t: Tensor) => learnedAlpha(t), alpha))) expect(a).toBeCloseTo(initial, 5);
    }
    for (const parameter of [-1e4, 1e4]) {
      const given = { x: rng(9).normal([2, 8], 1), a: array(parameter) };
      const run = (_p: unknown, { x, a }: Readonly<Record<string, Tensor>>): Record<string, Tensor> => {
        const weights = learnedEntmax().normalize({ alpha: a! } as never, x!, null);
        const [inScores, inAlpha] = gradients(sum(mul(weights, weights)), [x!, a!]);
        return { weights, inScores: inScores!, inAlpha: inAlpha! };
      };
      for (const { data } of (await onCpu(run, {}, given)).values()) expect(data.every(Number.isFinite)).toBe(true);
    }
  });
});

describe("exact zeros and ties", () => {
  test("by hand", async () => {
    // Two in the support: ((0.5 - tau) + (0.25 - tau)) = 1.
    expect(await weigh((x) => sparsemax(x, null), array([[0.5, 0.25, -1]]))).toEqual([0.625, 0.375, 0]);
    expect(await weigh((x) => sparsemax(x, null), array([[3, 1.5, 1]]))).toEqual([1, 0, 0]);
    // (1 - tau)^2 = 1 / 2 twice.
    expectClose(await weigh((x) => entmax(x, null, 1.5), array([[2, 2, -9]])), [0.5, 0.5, 0], { rtol: 1e-7 });
  });

  test.each([1.2, 1.5, 2, 3, 50])(
    "scores that tie get equal weights, in rows of any length: alpha %d",
    async (alpha) => {
      for (const size of [2, 3, 100, 5000]) {
        const x = new NdArray("float32", [1, size], new Float32Array(size).fill(7));
        expectClose(await weigh((t) => entmax(t, null, alpha), x), new Array(size).fill(1 / size), { rtol: 1e-5 });
      }
      const got = await weigh((t) => entmax(t, null, alpha), array([[4, 1, 4, 1, 3.9]]));
      expect(got[0]).toBe(got[2]);
      expect(got[1]).toBe(got[3]);
    },
  );

  test.each([1.25, 1.5, 2, 2.5])(
    "no gradient leaves the support, not even an infinite one: alpha %d",
    async (alpha) => {
      const run = (_p: unknown, { x }: Readonly<Record<string, Tensor>>): Record<string, Tensor> => {
        const weights = entmax(x!, null, alpha);
        // The gradient of log p is infinite where p is 0; the seed is of the whole output.
        return { weights, slopes: gradients(log(weights), [x!], fill(x!.shape, 1))[0]! };
      };
      const x = array([[1, 0.9, -30, 0.8, -40]]);
      const { weights, slopes } = Object.fromEntries(await onCpu(run, {}, { x }));
      expect([weights!.data[2], weights!.data[4]]).toEqual([0, 0]);
      expect([slopes!.data[2], slopes!.data[4]]).toEqual([0, 0]);
      expect(slopes!.data.every(Number.isFinite)).toBe(true);
      expect(Math.abs(slopes!.data.reduce((a, b) => a + b))).toBeLessThan(1e-5);
    },
  );

  test("where several tie for the last place, top-k keeps exactly k, the first", async () => {
    const third = Math.fround(1 / 3);
    const keep = (row: readonly number[], k: number, mask?: readonly boolean[]): Promise<readonly number[]> =>
      weigh((x) => topKSoftmax(x, mask ? constant(array([mask])) : null, k), array([row]));
    expectClose(await keep([1, 1, 1, 1, 1], 3), [third, third, third, 0, 0], { rtol: 1e-6 });
    expectClose(await keep([0, 1, 0, 1, 1], 2), [0, 0.5, 0, 0.5, 0], { rtol: 1e-6 });
    expectClose(await keep([0, 1, 0, 1, 1], 2, [true, false, true, true, true]), [0, 0, 0, 0.5, 0.5], { rtol: 1e-6 });
    expectClose(await keep([0, -0, 0, -1], 2), [0.5, 0.5, 0, 0], { rtol: 1e-6 });
    expectClose(await keep([2, 2, 2], 9, [false, true, false]), [0, 1, 0], { rtol: 1e-6 });
  });
});

test.each([
  [[2, 3], [2], "entmax: alpha must be float32, a scalar or (..., 1), broadcastable to the scores, got float32[2] for"],
  [[2, 3], [3, 1], "got float32[3, 1] for float32[2, 3]"],
  [[3], [1, 1], "got float32[1, 1] for float32[3]"],
])("an alpha that does not fit is refused: scores %j, alpha %j", (shape, alpha, message) => {
  expect(() => entmax(input(shape), null, input(alpha))).toThrow(message);
});

test("the search for a threshold runs inside a loop too, as decoders need it", async () => {
  const x = rng(10).normal([3, 2, 7], 2); // (steps, B, S)
  const loss = (weights: Tensor): Tensor => sum(mul(weights, mul(weights, weights)));
  const run = (_p: unknown, { x, a }: Readonly<Record<string, Tensor>>): Record<string, Tensor> => {
    const looped = scan(
      (seen: Tensor, step: Tensor) => {
        const weights = entmax(add(step, seen), null, a!);
        return { state: add(seen, weights), outputs: weights };
      },
      { initial: fill([2, 7], 0), sequences: x! },
    ).outputs;
    let seen = fill([2, 7], 0);
    const unrolled = unstack(x!, 0).map((step) => {
      const weights = entmax(add(step, seen), null, a!);
      seen = add(seen, weights);
      return weights;
    });
    const [inX, inAlpha] = gradients(loss(looped), [x!, a!]);
    const [wantX, wantAlpha] = gradients(loss(stack(unrolled, 0)), [x!, a!]);
    return { looped, unrolled: stack(unrolled, 0), inX: inX!, wantX: wantX!, inAlpha: inAlpha!, wantAlpha: wantAlpha! };
  };
  for (const out of [await onCpu(run, {}, { x, a: array(1.3) }), onReference(run, {}, { x, a: array(1.3) })])
    for (const [got, want] of [
      ["looped", "unrolled"],
      ["inX", "wantX"],
      ["inAlpha", "wantAlpha"],
    ] as const)
      // prettier-ignore
      expectClose(out.get(got)!.data, out.get(want)!.data, { rtol: 1e-5 }, got);
});
