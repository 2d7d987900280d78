// Softmax over the positions that a mask allows.

import { broadcastShapes } from "../../core/axes.ts";
import { shapeError } from "../../core/errors.ts";
import { where } from "../../core/ops/select.ts";
import { softmax } from "../../core/ops/softmax.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";

// The lowest finite float32. Not -Infinity: a row without any allowed position would become NaN, in the gradient too.
const lowest = -3.4028234663852886e38;

/**
 * scores (..., S), mask bool broadcastable to them or null -> weights (..., S), probabilities over the allowed positions.
 *
 * Blocked positions get exactly 0 and have no influence. A row without an allowed position gets weights of 0 and
 * gradients of 0. A score of +Infinity, or NaN at an allowed position, gives NaN: it is passed on, never hidden.
 */
export function maskedSoftmax(scores: Tensor, mask: Tensor | null): Tensor {
  if (!mask) return softmax(scores, -1);
  checkMask("maskedSoftmax", scores, mask);
  return where(mask, softmax(where(mask, scores, lowest), -1), 0);
}

/** Refuses a mask that does not fit the scores (..., S): it may be broadcast, the scores may not. */
export function checkMask(name: string, scores: Tensor, mask: Tensor): void {
  const shape = broadcastShapes(name, [scores, mask]);
  if (shape.length !== scores.rank || shape.some((n, i) => n !== scores.shape[i]))
    throw shapeError(name, `the mask must be broadcastable to the scores`, `${show(mask)} for ${show(scores)}`);
}

/** Softmax as a stage of a cell. */
export const softmaxNormalizer: Normalizer<Record<never, never>> = {
  name: "softmax",
  init: () => ({}),
  normalize: (_params, scores, mask) => maskedSoftmax(scores, mask),
};
