// How far arrays may lie from what they should be, and what the failure says.

import { expect } from "vitest";

/** The largest distance allowed: `atol + rtol * scale`, where the scale is the largest |expected| of the tensor. */
export interface Tolerance {
  readonly rtol: number;
  /** Default 0. */
  readonly atol?: number;
}

/** The largest distance as a share of `scale`; NaN only matches NaN, Infinity only the same Infinity. */
export function largestError(
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
): { readonly error: number; readonly scale: number; readonly at: number } {
  let error = 0;
  let at = -1;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = Number(actual[i]);
    const e = Number(expected[i]);
    if (Number.isFinite(e)) scale = Math.max(scale, Math.abs(e));
    if (Object.is(a, e) || a === e) continue;
    const gap = Math.abs(a - e);
    if (!(gap <= error)) [error, at] = [Number.isFinite(gap) ? gap : Infinity, i];
  }
  return { error, scale, at };
}

/** Fails unless the lengths are equal and every element lies within the tolerance. */
export function expectClose(
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
  { rtol, atol = 0 }: Tolerance,
  name = "array",
): void {
  if (actual.length !== expected.length)
    expect.fail(`${name}: expected ${expected.length} values, got ${actual.length}`);
  const { error, scale, at } = largestError(actual, expected);
  if (error > atol + rtol * scale)
    expect.fail(
      `${name}: element ${at} is ${actual[at]}, expected ${expected[at]} ` +
        `(off by ${error}, allowed ${atol} + ${rtol} * ${scale})`,
    );
}
