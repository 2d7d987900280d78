// Positive random features: what they estimate, how well, and that no key's features depend on another key.

import { describe, expect, test } from "vitest";
import { NdArray } from "../../core/ndarray.ts";
import { sum } from "../../core/ops/reduce.ts";
import { input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { attention } from "../dot-product/attention.ts";
import { causal } from "../masks/causal.ts";
import { linearAttention } from "./linear-attention.ts";
import { orthogonalFeatures, positiveFeatures } from "./random-features.ts";

const floats = (a: NdArray): readonly number[] => Array.from(a.data as Float32Array);
const D = 4;

function rows(a: NdArray): readonly (readonly number[])[] {
  const all = floats(a);
  return Array.from({ length: a.shape[0]! }, (_, i) => all.slice(i * D, (i + 1) * D));
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((total, x, i) => total + x * b[i]!, 0);

describe("orthogonalFeatures", () => {
  test("are orthogonal in blocks of D, the last of which may be cut, and the same for a seed", () => {
    const drawn = orthogonalFeatures({ headSize: D, featureCount: 10 }, rng(1));
    expect(drawn.shape).toEqual([10, D]);
    const all = rows(drawn);
    for (let i = 0; i < 10; i++)
      for (let j = 0; j < i; j++)
        if (Math.floor(i / D) === Math.floor(j / D)) expect(Math.abs(dot(all[i]!, all[j]!))).toBeLessThan(1e-5);
    expect(floats(orthogonalFeatures({ headSize: D, featureCount: 10 }, rng(1)))).toEqual(floats(drawn));
  });

  test("each is normal: squared lengths have mean D and variance 2 D", () => {
    const squares = rows(orthogonalFeatures({ headSize: D, featureCount: 8000 }, rng(2))).map((w) => dot(w, w));
    const mean = squares.reduce((a, x) => a + x, 0) / 8000;
    const variance = squares.reduce((a, x) => a + (x - mean) ** 2, 0) / 8000;
    expect(Math.abs(mean - D)).toBeLessThan(4 * Math.sqrt((2 * D) / 8000));
    expect(variance / (2 * D)).toBeGreaterThan(0.9);
    expect(variance / (2 * D)).toBeLessThan(1.1);
  });
});

/** The kernel of every draw of M directions, by the lemma as it is written, in float64. */
function estimates(q: readonly number[], k: readonly number[], draws: readonly NdArray[]): readonly number[] {
  const half = (dot(q, q) + dot(k, k)) / 2;
  return draws.map((drawn) => {
    const all = rows(drawn).map((w) => Math.exp(dot(w, q) + dot(w, k) - half));
    return all.reduce((a, x) => a + x, 0) / all.length;
  });
}

test("their products are exp(query key) on average", () => {
  const [q, k] = [
    [0.5, -0.25, 0.75, 0.1],
    [0.3, 0.6, -0.2, 0.4],
  ] as const;
  const draw = rng(5);
  const found = estimates(q, k, Array.from({ length: 2000 }, () => orthogonalFeatures({ headSize: D, featureCount: 6 }, draw))); // prettier-ignore
  const mean = found.reduce((a, x) => a + x, 0) / 2000;
  const variance = found.reduce((a, x) => a + (x - mean) ** 2, 0) / 2000;
  expect(Math.abs(mean - Math.exp(dot(q, k)))).toBeLessThan(4 * Math.sqrt(variance / 2000));
});

test("with many of them linear attention is near that of the softmax", async () => {
  const draw = rng(7);
  const given = [draw.normal([1, 6, 2, D], 0.5), draw.normal([1, 6, 2, D], 0.5), draw.normal([1, 6, 2, 3], 1)] as const;
  const soft = await evaluate((query: Tensor, keys: Tensor, values: Tensor) => attention({ query, keys, values }).context, ...given); // prettier-ignore
  const off = async (featureCount: number): Promise<number> => {
    const featureMap = positiveFeatures(orthogonalFeatures({ headSize: D, featureCount }, rng(3)));
    const near = await evaluate((query: Tensor, keys: Tensor, values: Tensor) => linearAttention({ query, keys, values, featureMap }).context, ...given); // prettier-ignore
    return Math.max(...floats(near).map((x, i) => Math.abs(x - floats(soft)[i]!)));
  };
  expect(await off(4096)).toBeLessThan(0.03);
  expect(await off(16)).toBeGreaterThan(await off(4096));
});

test("large heads neither overflow nor vanish, and later keys do not move earlier contexts by a bit", async () => {
  const size = 256; // |w|² / 2 is about 128, and exp of that beyond float32
  const draw = rng(8);
  const featureMap = positiveFeatures(orthogonalFeatures({ headSize: size, featureCount: 64 }, rng(4)));
  const shape = [1, 8, 1, size];
  const [q, k, v] = [draw.normal(shape, 1), draw.normal(shape, 1), draw.normal([1, 8, 1, 1], 1)];
  const fn = (query: Tensor, keys: Tensor, values: Tensor): Tensor =>
    linearAttention({ query, keys, values, featureMap, mask: causal() }).context;
  const before = floats(await evaluate(fn, q, k, v));
  expect(before.every((x) => Number.isFinite(x) && x !== 0)).toBe(true);
  const changed = Float32Array.from(k.data as Float32Array);
  changed.subarray(7 * size).fill(0.001);
  const after = floats(await evaluate(fn, q, new NdArray("float32", shape, changed), v));
  expect(after.slice(0, 7)).toEqual(before.slice(0, 7));
});

describe("what is refused", () => {
  const directions = input([8, D]);
  test.each<readonly [() => unknown, string]>([
    [() => orthogonalFeatures({ headSize: 0, featureCount: 2 }, rng(1)), "headSize must be an integer >= 1, got 0"],
    [() => orthogonalFeatures({ headSize: 2, featureCount: 2, seed: 1 } as never, rng(1)), "options must be among"],
    [() => positiveFeatures([[1]] as never), "directions must be float32 (M, D), as a Tensor or an NdArray"],
    [() => positiveFeatures(input([8])), "Draw them by orthogonalFeatures."],
    [() => positiveFeatures(directions, { scale: 0 }), "scale must be a finite number > 0, got 0"],
    [() => sum(positiveFeatures(directions)(input([1, 2, 1, 5]), "keys")), "keys must have heads of size 4"],
  ])("%#", (fn, message) => expect(fn).toThrow(message));
});
