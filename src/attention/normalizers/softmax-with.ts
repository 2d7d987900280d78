// Softmax with a temperature and a soft cap on the scores.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { div, mul } from "../../core/ops/binary.ts";
import { tanh } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { replaceBlocked } from "./allowed.ts";
import { maskedSoftmax } from "./softmax.ts";

/** How the scores are changed before the softmax. */
export interface SoftmaxOptions {
  /** What the scores are divided by, > 0: below 1 the weights sharpen, above they flatten. Default 1. */
  readonly temperature?: number;
  /** The bound that the scores approach and never pass, > 0, in units of the scores. Default: none. */
  readonly softCap?: number;
}

/**
 * Softmax of c tanh(scores / c) / t over the allowed positions, with t the temperature and c the soft cap.
 *
 * The cap comes first, so its unit does not depend on the temperature, and the mask last: a cap after it would turn a
 * blocked score into -c, which has weight. Both defaults together are `maskedSoftmax`.
 *
 * Blocked positions get exactly 0 and have no influence; a row without an allowed position gets weights and gradients of
 * 0. NaN at an allowed position gives a row of NaN. So does a score of +Infinity without a cap; with one, an infinite
 * score is c or -c, and its gradient is 0. Without a cap -Infinity has weight 0 beside a finite score, and a
 * row of nothing else is NaN or 0. A score that leaves float32 when divided by the temperature counts as infinite.
 *
 * @param scores - float32 (..., S).
 * @param mask - bool, broadcastable to the scores, true where allowed; null: everywhere.
 * @returns weights (..., S), which sum to 1 over S.
 * @throws HeedError when an option is unknown or not a number > 0, or the mask does not fit.
 *
 * Source: Hinton, Vinyals and Dean 2015 (arXiv:1503.02531), eq. 1, for the temperature; Bello et al. 2016
 *   (arXiv:1611.09940), appendix, and Gemma 2 (arXiv:2408.00118), section 2, for the cap.
 */
export function softmaxWith(scores: Tensor, mask: Tensor | null, options: SoftmaxOptions): Tensor {
  const { temperature = 1, softCap } = checked("softmaxWith", options);
  // Not only the softmax must not see a blocked score: tanh' of NaN times a gradient of 0 would be NaN.
  const seen = replaceBlocked("softmaxWith", scores, mask, 0);
  const capped = softCap === undefined ? seen : mul(tanh(div(seen, softCap)), softCap);
  return maskedSoftmax(temperature === 1 ? capped : div(capped, temperature), mask);
}

/** Softmax with options as a stage of a cell. @throws HeedError as `softmaxWith` does of its options. */
export function softmaxWithNormalizer(options: SoftmaxOptions): Normalizer<Record<never, never>> {
  const own = checked("softmaxWithNormalizer", options);
  return {
    name: "softmaxWith",
    init: () => ({}),
    normalize: (_params, scores, mask) => softmaxWith(scores, mask, own),
  };
}

/** The options, once every one is known and a number > 0 that float32 holds. */
function checked(name: string, options: SoftmaxOptions): SoftmaxOptions {
  checkOptions(name, options, ["temperature", "softCap"]);
  for (const [key, value] of Object.entries(options) as [string, unknown][]) {
    if (value === undefined) continue;
    const rounded = typeof value === "number" ? Math.fround(value) : NaN;
    if (!(rounded > 0 && rounded < Infinity))
      throw optionError(
        name,
        `${key} must be a number > 0 that float32 holds`,
        typeof value === "number" ? String(value) : kindOf(value),
      );
  }
  return { ...options };
}
