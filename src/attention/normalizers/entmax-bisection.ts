// Entmax for any alpha > 1: the threshold is found by halving the interval in which it lies.

import { add, div, maximum, mul, sub } from "../../core/ops/binary.ts";
import { equal, less, lessEqual } from "../../core/ops/compare.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { pow } from "../../core/ops/pow.ts";
import { scan } from "../../core/ops/scan.ts";
import { where } from "../../core/ops/select.ts";
import { fill } from "../../core/ops/source.ts";
import { exp, log, relu, sqrt } from "../../core/ops/unary.ts";
import { Tensor } from "../../core/tensor.ts";
import { withEntmaxGradient } from "./entmax-gradient.ts";
import { belowTop, rowSum, shares } from "./sparse-rows.ts";

// The interval is a factor of at most 1e37, 85 in the logarithm; for alpha = 3 and 8192 positions it is 18. Thirty
// halvings bring that below the rounding of float32; the others are for the float64 reference, which is differentiated
// by differences.
const halvings = 40;

// Thresholds nearer to 0 than this are of rows in which the top alone counts, once or tied: float32 ends at 1e-38.
const nearest = 1e-37;

/**
 * max(b (x - top) + v, 0)^(1/b) of rows x (..., S) without a mask, b = alpha - 1, with the v that makes the sum 1.
 *
 * The top's weight v^(1/b) lies between 1 / S and 1, so v lies between S^-b and 1. It is halved as a ratio, for v may be
 * small and must have its digits. The last step divides by the sum, which takes away most of what v is off.
 *
 * @param alpha - a number > 1, or a float32 tensor broadcastable to (..., 1): rows whose alpha is not > 1 are NaN.
 *
 * Source: Peters, Niculae and Martins, ACL 2019 (arXiv:1905.05702), Algorithm 1.
 *   Differs: scores are taken from their top, v is minus the threshold, halved as a ratio; and near alpha = 1, where the
 *   power would multiply a rounding by 1 / b, a weight is taken from log(1 + w), w = b (x - top) + v - 1.
 */
export function entmaxRows(x: Tensor, alpha: Tensor | number): Tensor {
  const b = alpha instanceof Tensor ? where(less(1, alpha), sub(alpha, 1), NaN) : alpha - 1;
  const z = belowTop(x, b); // (..., S)
  const v = thresholdOf(z, b); // (..., 1)
  const u = add(z, v);
  const outside = lessEqual(u, 0);
  const logWeight = div(logOf(where(outside, 1, u), where(outside, 0, add(z, sub(v, 1)))), b);
  return withEntmaxGradient(x, alpha, shares(where(outside, 0, exp(logWeight))));
}

/** The v of every row, (..., 1). */
function thresholdOf(z: Tensor, b: Tensor | number): Tensor {
  const size = z.shape.at(-1)!;
  const shape = [...z.shape.slice(0, -1), 1];
  const least = b instanceof Tensor ? exp(mul(b, -Math.log(size))) : fill([], size ** -b);
  const power = div(1, b);
  const { final } = scan(
    ({ low, high }: { readonly low: Tensor; readonly high: Tensor }) => {
      const middle = mul(sqrt(low), sqrt(high));
      const isAbove = less(1, rowSum(pow(relu(add(z, middle)), power)));
      return { state: { low: where(isAbove, low, middle), high: where(isAbove, middle, high) }, outputs: {} };
    },
    {
      initial: { low: broadcastTo(maximum(least, nearest), shape), high: fill(shape, 1) },
      sequences: {},
      length: halvings,
    },
  );
  return mul(sqrt(final.low), sqrt(final.high));
}

/** log u, u > 0, from u and w = u - 1, each as exact as it is known: by log(1 + w) where u is near 1. */
function logOf(u: Tensor, w: Tensor): Tensor {
  const isNear = less(-0.5, w);
  const sum = add(where(isNear, w, 0), 1);
  // What rounding takes from 1 + w is put back in proportion (Kahan, HP-15C manual, 1982).
  const kept = sub(sum, 1);
  const isLost = equal(kept, 0);
  const near = where(isLost, w, mul(log(sum), div(w, where(isLost, 1, kept))));
  return where(isNear, near, log(u));
}
