// Entmax with alpha = 1.5, whose threshold has a closed form once the scores are sorted.

import { div, mul, sub } from "../../core/ops/binary.ts";
import { less, lessEqual } from "../../core/ops/compare.ts";
import { cumsum } from "../../core/ops/order.ts";
import { cast, where } from "../../core/ops/select.ts";
import { relu, sqrt, square } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { withEntmaxGradient } from "./entmax-gradient.ts";
import { belowTop, falling, ranksOf, rowSum, shares } from "./sparse-rows.ts";

/**
 * max(x / 2 - tau, 0)^2 of rows x (..., S) without a mask, with the tau that makes the sum 1.
 *
 * If the support is the k largest, with mean M and sum of squared distances from it D (of x / 2), then
 * tau = M - sqrt((1 - D) / k); k is the last rank whose own score lies above that.
 *
 * Source: Peters, Niculae and Martins, ACL 2019 (arXiv:1905.05702), Algorithm 2.
 *   Differs: once the support is known, M and D are summed over it again, D around M: the running sums that find it are
 *   differences of large numbers in long rows.
 */
export function entmax15Rows(x: Tensor): Tensor {
  const z = belowTop(x, 0.5); // (..., S)
  const sorted = falling(z);
  const ranks = ranksOf(z); // (S)
  const means = div(cumsum(sorted), ranks);
  const spreads = sub(cumsum(square(sorted)), mul(mul(means, means), ranks));
  const inside = less(thresholdOf(means, spreads, ranks), sorted);

  const count = rowSum(cast(inside, "float32")); // (..., 1)
  const mean = div(rowSum(where(inside, sorted, 0)), count);
  const spread = rowSum(square(where(inside, sub(sorted, mean), 0)));
  const tau = thresholdOf(mean, spread, count);
  return withEntmaxGradient(x, 1.5, shares(square(where(lessEqual(z, tau), 0, sub(z, tau)))));
}

/** M - sqrt((1 - D) / k), and M where no threshold makes the sum 1. */
function thresholdOf(mean: Tensor, spread: Tensor, count: Tensor): Tensor {
  return sub(mean, sqrt(div(relu(sub(1, spread)), count)));
}
