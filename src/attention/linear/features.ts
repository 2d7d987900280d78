// Feature maps: what a kernel compares in place of queries and keys.

import { add } from "../../core/ops/binary.ts";
import { lessEqual } from "../../core/ops/compare.ts";
import { where } from "../../core/ops/select.ts";
import { exp } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";

/**
 * From vectors to features whose products are the weights before they are normalized: float32 (B, T, H, D) -> (B, T, H, M).
 *
 * Each vector is mapped by itself: what a map makes of one may not depend on another's. Features are at least 0, so that
 * weights are; a map like core's `relu` can be passed as it is.
 *
 * @param role - whose vectors these are, for maps that treat the two sides differently.
 */
export type FeatureMap = (x: Tensor, role: "query" | "keys") => Tensor;

/**
 * elu(x) + 1: x + 1 above 0, exp(x) else. M = D; always above 0, as far as float32 goes.
 *
 * Source: Katharopoulos et al. 2020 (arXiv:2006.16236), eq. 7.
 */
export function eluFeatures(x: Tensor): Tensor {
  const low = lessEqual(x, 0);
  // The exponential is of 0 where it is not taken: that of a large number would be Infinity, and its gradient NaN.
  return where(low, exp(where(low, x, 0)), add(x, 1));
}
