// Values for the cases: seeded, small, and of few shapes, so that a device compiles few kernels.

import { sizeOf } from "../../src/core/dtype.ts";
import { NdArray } from "../../src/core/ndarray.ts";
import { rng } from "../../src/core/random.ts";

/** Batch, queries or steps, positions, size of queries and keys, heads. */
export const [B, T, S, D, H] = [3, 4, 5, 4, 2] as const;

/** float32, normal. */
export function floats(shape: readonly number[], seed: number, deviation = 1): NdArray {
  return rng(seed).normal(shape, deviation);
}

/** int32. */
export function ints(shape: readonly number[], data: readonly number[]): NdArray {
  return new NdArray("int32", shape, Int32Array.from(data));
}

/** bool, 1 = true. */
export function bools(shape: readonly number[], data: readonly number[]): NdArray {
  return new NdArray("bool", shape, Uint8Array.from(data));
}

/** bool that look random. */
export function someBools(shape: readonly number[], seed: number): NdArray {
  return bools(
    shape,
    Array.from(floats(shape, seed).data as Float32Array, (x) => Number(x > -0.4)),
  );
}

/** float32 rows that sum to 1. */
export function distributions(shape: readonly number[], seed: number): NdArray {
  const width = shape.at(-1)!;
  const data = Float32Array.from(floats(shape, seed).data as Float32Array, (x) => Math.exp(x));
  for (let row = 0; row < sizeOf(shape); row += width) {
    const total = data.subarray(row, row + width).reduce((a, b) => a + b, 0);
    for (let i = row; i < row + width; i++) data[i]! /= total;
  }
  return new NdArray("float32", shape, data);
}

/** bool (B, S): a whole row, one with padding and a hole, and one without any position. */
export const rowMask: NdArray = bools([B, S], [1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0]);
