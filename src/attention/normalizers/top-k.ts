// Softmax over the k largest scores of a row.

import { sizeOf } from "../../core/dtype.ts";
import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { and, equal, less, not, or } from "../../core/ops/compare.ts";
import { topK } from "../../core/ops/order.ts";
import { where } from "../../core/ops/select.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { iota } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { lowest, replaceBlocked } from "./allowed.ts";
import { maskedSoftmax } from "./softmax.ts";

/**
 * Softmax over the k largest allowed scores of each row; every other weight is exactly 0. Exactly k are kept: of scores
 * that tie for the last place, those at the lower positions. A row that allows fewer than k keeps all of them.
 *
 * The gradient is that of the softmax over what is kept; the choice itself has none.
 *
 * Blocked positions get exactly 0 and have no influence; a row without an allowed position gets weights and gradients of
 * 0. NaN or +Infinity at an allowed position is kept and makes the row's other kept weights NaN too; -Infinity has
 * weight 0 beside a finite score, and a row of nothing else is NaN or 0.
 *
 * @param scores - float32 (..., S).
 * @param mask - bool, broadcastable to the scores, true where allowed; null: everywhere.
 * @param k - an integer >= 1; it may exceed S.
 * @returns weights (..., S), which sum to 1 over S.
 * @throws HeedError when k is not an integer >= 1, or the mask does not fit.
 *
 * Source: Gupta, Dar, Goodman, Ciprut and Berant 2021 (arXiv:2106.06899), section 2.
 *   Differs: exactly k where scores tie; comparing with the k-th largest alone keeps more.
 */
export function topKSoftmax(scores: Tensor, mask: Tensor | null, k: number): Tensor {
  checkK("topKSoftmax", k);
  const seen = replaceBlocked("topKSoftmax", scores, mask, lowest);
  const size = scores.shape.at(-1)!;
  if (k >= size || sizeOf(scores.shape) === 0) return maskedSoftmax(scores, mask);
  // What a sort makes of NaN is not defined; no comparison below drops one.
  const { values, indices } = topK(where(equal(seen, seen), seen, lowest), k);
  const last = sliceAxis(values, -1, k - 1, k); // (..., 1)
  const lastAt = sliceAxis(indices, -1, k - 1, k);
  const dropped = or(less(seen, last), and(equal(seen, last), less(lastAt, iota(size))));
  const kept = not(dropped);
  return maskedSoftmax(scores, mask ? and(mask, kept) : kept);
}

/** What `topKNormalizer` is told. */
export interface TopKOptions {
  /** How many positions of a row keep their weight, an integer >= 1. */
  readonly k: number;
}

/** Softmax over the k largest scores as a stage of a cell. @throws HeedError when an option is unknown, or k not an integer >= 1. */
export function topKNormalizer(options: TopKOptions): Normalizer<Record<never, never>> {
  checkOptions("topKNormalizer", options, ["k"]);
  const { k } = options;
  checkK("topKNormalizer", k);
  return { name: "topK", init: () => ({}), normalize: (_params, scores, mask) => topKSoftmax(scores, mask, k) };
}

function checkK(name: string, k: unknown): void {
  if (!Number.isSafeInteger(k) || (k as number) < 1)
    throw optionError(name, "k must be an integer >= 1", typeof k === "number" ? String(k) : kindOf(k));
}
