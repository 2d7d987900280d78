// Entmax: a family of maps from softmax (alpha = 1) over sparser ones to sparsemax (alpha = 2) and beyond.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { checkRowNumber, lowest, overAllowed } from "./allowed.ts";
import { entmaxRows } from "./entmax-bisection.ts";
import { entmax15Rows } from "./entmax15.ts";
import { maskedSoftmax } from "./softmax.ts";
import { sparsemaxRows } from "./sparsemax.ts";

/**
 * argmax over the simplex of p . scores + H(p), with the Tsallis entropy H = sum(p - p^alpha) / (alpha (alpha - 1)):
 * max((alpha - 1) scores - tau, 0)^(1 / (alpha - 1)), with the tau that makes the sum 1.
 *
 * For alpha > 1 positions far enough below the top get exactly 0; scores that tie get equal weights. 1 is softmax; 2 is
 * sparsemax and 1.5 has a closed form, both by a sort; any other alpha, and one that is a tensor, is found by bisection.
 * Above 2 the slope at the edge of the support is infinite, and the rounding of a score that lies near it is felt: weights
 * are good to about 1e-5 up to alpha = 3, and to 1e-3 at 4.
 *
 * The gradient flows through the support alone. In a tensor alpha too, as the derivative at a fixed support.
 *
 * Blocked positions get exactly 0 and have no influence; a row without an allowed position gets weights and gradients of
 * 0. NaN or +Infinity at an allowed position gives a row of NaN; -Infinity has weight 0 beside a finite score, and a row
 * of nothing else is NaN or 0.
 *
 * @param scores - float32 (..., S).
 * @param mask - bool, broadcastable to the scores, true where allowed; null: everywhere.
 * @param alpha - a finite number >= 1; or a float32 tensor, a scalar or (..., 1) broadcastable to the scores ((H, 1, 1)
 *   for one a head), whose values must be > 1: rows where they are not are NaN.
 * @returns weights (..., S), which sum to 1 over S.
 * @throws HeedError when alpha is a number below 1, NaN or infinite, or alpha or the mask do not fit the scores.
 *
 * Source: Peters, Niculae and Martins, ACL 2019 (arXiv:1905.05702), section 3; Correia, Niculae and Martins, EMNLP 2019
 *   (arXiv:1909.00015), section 3, for alpha that is learned.
 */
export function entmax(scores: Tensor, mask: Tensor | null, alpha: number | Tensor): Tensor {
  if (alpha instanceof Tensor) checkRowNumber("entmax", "alpha", scores, alpha);
  else checkAlpha("entmax", alpha);
  if (alpha === 1) return maskedSoftmax(scores, mask);
  const rows = alpha === 2 ? sparsemaxRows : alpha === 1.5 ? entmax15Rows : (x: Tensor) => entmaxRows(x, alpha);
  return overAllowed("entmax", scores, mask, lowest, rows);
}

/** What `entmaxNormalizer` is told. */
export interface EntmaxOptions {
  /** A finite number >= 1; `learnedEntmax` is for one that is trained. */
  readonly alpha: number;
}

/** Entmax as a stage of a cell. @throws HeedError when an option is unknown, or alpha is not a finite number >= 1. */
export function entmaxNormalizer(options: EntmaxOptions): Normalizer<Record<never, never>> {
  checkOptions("entmaxNormalizer", options, ["alpha"]);
  const { alpha } = options;
  checkAlpha("entmaxNormalizer", alpha);
  return { name: "entmax", init: () => ({}), normalize: (_params, scores, mask) => entmax(scores, mask, alpha) };
}

function checkAlpha(name: string, alpha: unknown): void {
  if (typeof alpha !== "number" || !(alpha >= 1 && alpha < Infinity))
    throw optionError(
      name,
      "alpha must be a finite number >= 1",
      typeof alpha === "number" ? String(alpha) : kindOf(alpha),
    );
}
