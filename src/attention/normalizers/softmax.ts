// Softmax over the positions that a mask allows.

import { softmax } from "../../core/ops/softmax.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { lowest, overAllowed } from "./allowed.ts";

/**
 * scores (..., S), mask bool broadcastable to them or null -> weights (..., S), probabilities over the allowed positions.
 *
 * Blocked positions get exactly 0 and have no influence. A row without an allowed position gets weights of 0 and
 * gradients of 0. A score of +Infinity, or NaN at an allowed position, gives NaN: it is passed on, never hidden.
 * -Infinity has weight 0 beside a finite score; a row of nothing else is NaN, or 0 where a mask blocks a part of it.
 */
export function maskedSoftmax(scores: Tensor, mask: Tensor | null): Tensor {
  return overAllowed("maskedSoftmax", scores, mask, lowest, (x) => softmax(x, -1));
}

/** Softmax as a stage of a cell. */
export const softmaxNormalizer: Normalizer<Record<never, never>> = {
  name: "softmax",
  init: () => ({}),
  normalize: (_params, scores, mask) => maskedSoftmax(scores, mask),
};
