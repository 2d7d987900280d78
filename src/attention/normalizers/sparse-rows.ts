// What the maps onto sparse weights have in common: scores below their top, in falling order, and shares of a sum.

import { add, div, mul, sub } from "../../core/ops/binary.ts";
import { less, lessEqual } from "../../core/ops/compare.ts";
import { topK } from "../../core/ops/order.ts";
import { max, sum } from "../../core/ops/reduce.ts";
import { cast, where } from "../../core/ops/select.ts";
import { iota } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";

/**
 * scale (x - max x), a row's scores below its top, at least -1: entmax gives no weight to what lies 1 / (alpha - 1) or
 * more below the top, so nothing is lost, sums stay small and -Infinity is harmless. NaN and +Infinity become NaN.
 */
export function belowTop(x: Tensor, scale: Tensor | number): Tensor {
  const gap = sub(x, max(x, -1, { keepDims: true }));
  const scaled = scale === 1 ? gap : mul(gap, scale);
  return where(lessEqual(scaled, -1), -1, scaled);
}

/** The elements of each row in falling order, NaN as -1: what a sort makes of NaN is not defined. */
export function falling(z: Tensor): Tensor {
  return topK(where(less(-1, z), z, -1), z.shape.at(-1)!).values;
}

/** float32 (S): 1, 2, ... S. */
export function ranksOf(z: Tensor): Tensor {
  return add(cast(iota(z.shape.at(-1)!), "float32"), 1);
}

/** Each row divided by its sum: weights sum to 1 to the last bits, and a NaN is passed on to the row. */
export function shares(amounts: Tensor): Tensor {
  return div(amounts, rowSum(amounts));
}

/** The sum of each row, (..., 1). */
export function rowSum(x: Tensor): Tensor {
  return sum(x, -1, { keepDims: true });
}
