// A linear recurrence along positions, in a number of steps that grows with the logarithm of their number.

import { add, mul } from "../../core/ops/binary.ts";
import { pad, sliceAxis } from "../../core/ops/slice.ts";
import type { Tensor } from "../../core/tensor.ts";

/** `x` (B, S) moved `by` positions to the right; zeros come in from the left. */
export function shiftRight(x: Tensor, by: number): Tensor {
  const S = x.shape[1]!;
  const kept = Math.max(S - by, 0);
  return pad(sliceAxis(x, 1, 0, kept), [
    [0, 0],
    [S - kept, 0],
  ]);
}

/**
 * q(s) = a(s) q(s - 1) + b(s), with q(-1) = 0, for every position at once. All (B, S).
 *
 * By doubling: after the k-th round every position has the composition of the 2^k maps that end there. Nothing is divided,
 * so it is as exact as the loop, for coefficients of 0 too.
 *
 * Source: Hillis and Steele 1986, "Data parallel algorithms"; the composition of affine maps is associative.
 */
export function linearRecurrence(a: Tensor, b: Tensor): Tensor {
  const S = b.shape[1]!;
  let slope = a;
  let value = b;
  for (let span = 1; span < S; span *= 2) {
    value = add(value, mul(slope, shiftRight(value, span)));
    if (2 * span < S) slope = mul(slope, shiftRight(slope, span));
  }
  return value;
}
