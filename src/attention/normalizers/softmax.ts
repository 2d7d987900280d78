// Softmax over the positions that a mask allows.

import { bindAxes } from "../../core/axes.ts";
import { where } from "../../core/ops/select.ts";
import { softmax } from "../../core/ops/softmax.ts";
import type { Tensor } from "../../core/tensor.ts";

// The lowest finite float32. Not -Infinity: a row without any allowed position would become NaN, in the gradient too.
const lowest = -3.4028234663852886e38;

/**
 * scores (B, S), mask bool (B, S) or null -> weights (B, S), probabilities over the allowed positions.
 *
 * Blocked positions get exactly 0 and have no influence. A row without an allowed position gets weights of 0 and
 * gradients of 0. A score of +Infinity, or NaN at an allowed position, gives NaN: it is passed on, never hidden.
 */
export function maskedSoftmax(scores: Tensor, mask: Tensor | null): Tensor {
  if (!mask) return softmax(scores, -1);
  bindAxes("maskedSoftmax", { scores: [scores, "B S"], mask: [mask, "B S"] });
  return where(mask, softmax(where(mask, scores, lowest), -1), 0);
}
