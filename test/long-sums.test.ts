// Long sums in float32: the runtimes add one term after the other, so a lowering that left it at that would lose digits.

import { expect, test } from "vitest";
import { NdArray } from "../src/core/ndarray.ts";
import { grad } from "../src/core/grad.ts";
import { add, mul } from "../src/core/ops/binary.ts";
import { mean, sum } from "../src/core/ops/reduce.ts";
import type { Tensor } from "../src/core/tensor.ts";
import { compile } from "../src/engine/compile.ts";

const tenth = Math.fround(0.1);
const tenths = (...shape: number[]): NdArray =>
  new NdArray("float32", shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.1));
const zeros = (...shape: number[]): NdArray =>
  new NdArray("float32", shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));

/** The largest error as a fraction of what every element should be. */
const error = (a: NdArray, expected: number): number =>
  Math.max(...Array.from(a.data as Float32Array, (x) => Math.abs(x / expected - 1)));

test.each(["cpu", "wasm"] as const)("long sums keep five digits on %s", async (device) => {
  const all = compile((x: Tensor) => ({ sum: sum(x), mean: mean(x) }), { device });
  const whole = await all(tenths(2 ** 20));
  expect(error(whole.sum, 2 ** 20 * tenth)).toBeLessThan(1e-5);
  expect(error(whole.mean, tenth)).toBeLessThan(1e-5);
  // A prime length has no pieces of equal size.
  expect(error((await all(tenths(1_000_003))).sum, 1_000_003 * tenth)).toBeLessThan(1e-5);
  expect(error((await all(tenths(1000, 30, 37))).sum, 1000 * 30 * 37 * tenth)).toBeLessThan(1e-5);
  await all.dispose();

  const columns = compile((x: Tensor) => sum(x, 0), { device });
  expect(error(await columns(tenths(100_000, 8)), 100_000 * tenth)).toBeLessThan(1e-5);
  await columns.dispose();

  // The gradient of a bias is such a sum.
  const bias = compile((b: Tensor, x: Tensor) => grad((p: Tensor) => sum(mul(add(x, p), 0.1)))(b), { device });
  expect(error(await bias(zeros(8), zeros(400, 250, 8)), 100_000 * tenth)).toBeLessThan(1e-5);
  await bias.dispose();
});
