// Sparsemax: the point of the simplex that is nearest to the scores.

import { add, div, mul, sub } from "../../core/ops/binary.ts";
import { less, lessEqual } from "../../core/ops/compare.ts";
import { cumsum } from "../../core/ops/order.ts";
import { cast, where } from "../../core/ops/select.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { lowest, overAllowed } from "./allowed.ts";
import { withEntmaxGradient } from "./entmax-gradient.ts";
import { belowTop, falling, ranksOf, rowSum, shares } from "./sparse-rows.ts";

/**
 * argmin over the simplex of |p - scores|^2 = max(scores - tau, 0), with the tau that makes the sum 1. Positions far
 * enough below the top get exactly 0; scores that tie get equal weights.
 *
 * The gradient flows through the support alone: on it, that of the output less its mean over the support.
 * At a threshold that exactly hits a score there is a kink, and the position counts as outside.
 *
 * Blocked positions get exactly 0 and have no influence; a row without an allowed position gets weights and gradients of
 * 0. NaN or +Infinity at an allowed position gives a row of NaN; -Infinity has weight 0 beside a finite score, and a row
 * of nothing else is NaN or 0.
 *
 * @param scores - float32 (..., S).
 * @param mask - bool, broadcastable to the scores, true where allowed; null: everywhere.
 * @returns weights (..., S), which sum to 1 over S.
 * @throws HeedError when the mask does not fit.
 *
 * Source: Martins and Astudillo, ICML 2016 (arXiv:1602.02068), Proposition 1, Algorithm 1, and section 2.5 for the Jacobian.
 *   Differs: the threshold is summed over the support again, which keeps the digits that a running sum loses.
 */
export function sparsemax(scores: Tensor, mask: Tensor | null): Tensor {
  return overAllowed("sparsemax", scores, mask, lowest, sparsemaxRows);
}

/** Sparsemax as a stage of a cell. */
export const sparsemaxNormalizer: Normalizer<Record<never, never>> = {
  name: "sparsemax",
  init: () => ({}),
  normalize: (_params, scores, mask) => sparsemax(scores, mask),
};

/** Sparsemax of rows without a mask. */
export function sparsemaxRows(x: Tensor): Tensor {
  const z = belowTop(x, 1); // (..., S)
  const sorted = falling(z);
  // k is in the support while 1 + k z_(k) > z_(1) + ... + z_(k).
  const inside = less(cumsum(sorted), add(mul(ranksOf(z), sorted), 1));
  const count = rowSum(cast(inside, "float32")); // (..., 1)
  const tau = div(sub(rowSum(where(inside, sorted, 0)), 1), count);
  return withEntmaxGradient(x, 2, shares(where(lessEqual(z, tau), 0, sub(z, tau))));
}
