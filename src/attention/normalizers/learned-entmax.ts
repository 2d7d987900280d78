// Entmax whose alpha is a parameter: how sparse the weights are is learned.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf, type NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sigmoid } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { entmax } from "./entmax.ts";
import { acrossHeads, checkHeadCount, headParameter } from "./per-head.ts";

/** The parameter before it is squashed into the range of alpha: a scalar, or (H). */
export type LearnedEntmaxParams<T> = { readonly alpha: T };

/** What `learnedEntmax` is told. */
export interface LearnedEntmaxOptions {
  /** alpha before training, inside (1.001, 1.999). Default 1.5. */
  readonly initial?: number;
  /** One alpha for each head of scores (..., H, T, S). Default: one for all. */
  readonly headCount?: number;
}

// How far alpha stays above 1, where entmax is softmax and weights no longer become 0.
const margin = 2 ** -10;

/**
 * Entmax with a learned alpha, as a stage of a cell.
 *
 * Parameters: `alpha`, any real number a, float32 [] or (H); what entmax is given is
 * 1 + m + (1 - m) sigmoid(a) with m = 2^-10, which lies above 1 and at most at 2, whatever a is (see `learnedAlpha`).
 * What it does with masks, NaN and infinite scores is what `entmax` does.
 *
 * @throws HeedError when an option is unknown or out of its range.
 *
 * Source: Correia, Niculae and Martins, EMNLP 2019 (arXiv:1909.00015), section 3: alpha = 1 + sigmoid(a), one a head.
 *   Differs: the margin, without which rounding would reach alpha = 1 for a below about -17.
 */
export function learnedEntmax(options: LearnedEntmaxOptions = {}): Normalizer<LearnedEntmaxParams<NdArray>> {
  checkOptions("learnedEntmax", options, ["initial", "headCount"]);
  const { initial = 1.5, headCount } = options;
  if (typeof initial !== "number" || !(initial > 1.001 && initial < 1.999))
    throw optionError(
      "learnedEntmax",
      "initial must be a number inside (1.001, 1.999)",
      typeof initial === "number" ? String(initial) : kindOf(initial),
    );
  checkHeadCount("learnedEntmax", headCount);
  const share = (initial - 1 - margin) / (1 - margin);
  return {
    name: "learnedEntmax",
    init: () => ({ alpha: headParameter(headCount, Math.log(share / (1 - share))) }),
    normalize: ({ alpha }: LearnedEntmaxParams<Tensor>, scores, mask) =>
      entmax(scores, mask, acrossHeads("learnedEntmax", learnedAlpha(alpha), scores)),
  };
}

/** The alpha that a parameter of `learnedEntmax` stands for: 1 + m + (1 - m) sigmoid(a), m = 2^-10, of any shape. */
export function learnedAlpha(parameter: Tensor): Tensor {
  return add(mul(sigmoid(parameter), 1 - margin), 1 + margin);
}
