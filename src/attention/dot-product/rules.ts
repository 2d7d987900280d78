// What decides the weights of a scaled dot-product attention besides query and keys.

import { shapeError } from "../../core/errors.ts";
import { checkTensor } from "../../core/op.ts";
import { sameShape, show, type Tensor } from "../../core/tensor.ts";
import type { EmptyRows } from "../masks/empty-rows.ts";
import type { Mask, MaskCoordinates, MaskSizes } from "../masks/mask.ts";

/**
 * A function of users on scaled scores, traced into the graph: scores (B, H, T, S) or a block of them, and the positions
 * of that block -> scores of the same shape. It sees a block of queries at a time, so it must treat every score by itself.
 *
 * Source: FlexAttention's `score_mod` (Dong et al. 2024, arXiv:2412.05496).
 */
export type ScoreMod = (scores: Tensor, at: MaskCoordinates) => Tensor;

/** A change of weights (B, H, T, S) or of a block of them, at the positions `at`; they are not normalized again. */
export type WeightAlteration = (weights: Tensor, at: MaskCoordinates) => Tensor;

/** From masked scores (..., S) and what is allowed (null: all) to weights. */
export type RowNormalizer = (scores: Tensor, allowed: Tensor | null) => Tensor;

/** The rules, checked and with their defaults. */
export interface ScoreRules {
  readonly sizes: MaskSizes;
  readonly scale: number;
  /** Scores become cap · tanh(score / cap), before mask and bias; null for none. */
  readonly softCap: number | null;
  readonly scoreMod: ScoreMod | null;
  readonly mask: Mask | null;
  readonly emptyRows: EmptyRows;
  /** Instead of the softmax; null for the softmax. */
  readonly normalize: RowNormalizer | null;
  /** Changes of the weights from outside, in the order in which they are made. */
  readonly alterations: readonly WeightAlteration[];
  /** Dropout of weights; null for none. */
  readonly drop: ((weights: Tensor) => Tensor) | null;
  /** Whether a NaN in a value that a query may not look at is kept from it by a choice rather than by a product with 0. */
  readonly guard: boolean;
}

/** Whether some query may have no key at all, as far as the mask's structure tells. */
export function mayBeEmpty({ mask, sizes }: Pick<ScoreRules, "mask" | "sizes">): boolean {
  if (sizes.keyLength === 0) return true;
  if (!mask) return false;
  const { causal, lengths, exact } = mask.structure(sizes);
  return !exact || lengths !== null || (causal !== null && causal < 0);
}

/** What a user's function made of scores or weights; of another shape it would be stretched, and be something else. */
export function madeLike(where: string, name: string, made: unknown, given: Tensor): Tensor {
  checkTensor(where, `the result of ${name}`, made);
  if (made.dtype !== given.dtype || !sameShape(made.shape, given.shape))
    throw shapeError(where, `${name} must give what it is given, ${show(given)}`, show(made));
  return made;
}
