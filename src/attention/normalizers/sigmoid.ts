// Sigmoid weights: each position is weighed by itself, and nothing sums to 1.

import { sigmoid } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { overAllowed } from "./allowed.ts";

/**
 * 1 / (1 + e^-score) at allowed positions. A position does not feel the others: weights lie in [0, 1] and sum to
 * anything from 0 to S.
 *
 * Blocked positions get exactly 0 and have no influence; a row without an allowed position gets weights and gradients of
 * 0. NaN at an allowed position gives NaN there, and there alone. +Infinity gives 1, -Infinity 0, with a gradient of 0.
 *
 * @param scores - float32 (..., S).
 * @param mask - bool, broadcastable to the scores, true where allowed; null: everywhere.
 * @returns weights (..., S).
 * @throws HeedError when the mask does not fit.
 *
 * Source: Ramapuram et al. 2024 (arXiv:2409.04431), section 2.
 *   Differs: their bias b = -log S, which makes the sum about 1 at first, is part of the score where it is wanted.
 */
export function maskedSigmoid(scores: Tensor, mask: Tensor | null): Tensor {
  return overAllowed("maskedSigmoid", scores, mask, 0, sigmoid);
}

/** Sigmoid weights as a stage of a cell. */
export const sigmoidNormalizer: Normalizer<Record<never, never>> = {
  name: "sigmoid",
  init: () => ({}),
  normalize: (_params, scores, mask) => maskedSigmoid(scores, mask),
};
