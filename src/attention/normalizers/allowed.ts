// What every normalizer does with a mask: blocked scores are replaced before anything is computed from them, and blocked
// weights are 0 after. Both are choices, never products, so that not even a NaN gets across.

import { broadcastShapes } from "../../core/axes.ts";
import { sizeOf } from "../../core/dtype.ts";
import { dtypeError, shapeError } from "../../core/errors.ts";
import { checkTensor } from "../../core/op.ts";
import { where } from "../../core/ops/select.ts";
import { show, type Tensor } from "../../core/tensor.ts";

/** The lowest finite float32. Not -Infinity: a row without any allowed position would become NaN, in the gradient too. */
export const lowest = -3.4028234663852886e38;

/**
 * A map of rows applied under a mask.
 *
 * @param scores - float32 (..., S), any rank from 1. Without elements they are returned as they are.
 * @param mask - bool, broadcastable to the scores, true where a position is allowed; null: everywhere.
 * @param blocked - what the map sees at blocked positions.
 * @param map - (..., S) -> (..., S).
 */
export function overAllowed(
  name: string,
  scores: Tensor,
  mask: Tensor | null,
  blocked: number,
  map: (scores: Tensor) => Tensor,
): Tensor {
  const seen = replaceBlocked(name, scores, mask, blocked);
  if (sizeOf(scores.shape) === 0) return scores;
  return mask ? where(mask, map(seen), 0) : map(seen);
}

/** The scores with `value` at blocked positions. @throws HeedError when scores or mask are not as they must be. */
export function replaceBlocked(name: string, scores: Tensor, mask: Tensor | null, value: number): Tensor {
  checkTensor(name, "the scores", scores);
  if (scores.dtype !== "float32" || scores.rank < 1)
    throw dtypeError(name, "the scores must be float32 (..., S)", show(scores));
  if (mask === null || mask === undefined) return scores;
  checkMask(name, scores, mask);
  return where(mask, scores, value);
}

/** Refuses a mask that does not fit the scores (..., S): it may be broadcast, the scores may not. */
export function checkMask(name: string, scores: Tensor, mask: Tensor): void {
  checkTensor(name, "the mask", mask);
  if (mask.dtype !== "bool") throw dtypeError(name, "the mask must be bool, true where allowed", show(mask));
  const shape = broadcastShapes(name, [scores, mask]);
  if (shape.length !== scores.rank || shape.some((n, i) => n !== scores.shape[i]))
    throw shapeError(name, `the mask must be broadcastable to the scores`, `${show(mask)} for ${show(scores)}`);
}

/** Refuses what is not one number a row: float32, a scalar or (..., 1), broadcastable to the scores (..., S). */
export function checkRowNumber(name: string, what: string, scores: Tensor, value: Tensor): void {
  checkTensor(name, "the scores", scores);
  checkTensor(name, what, value);
  const isRow = value.rank === 0 || (value.rank <= scores.rank && value.shape.at(-1) === 1);
  const lead = scores.rank - value.rank;
  if (value.dtype !== "float32" || !isRow || !value.shape.every((n, i) => n === 1 || n === scores.shape[lead + i]))
    throw shapeError(
      name,
      `${what} must be float32, a scalar or (..., 1), broadcastable to the scores`,
      `${show(value)} for ${show(scores)}`,
    );
}
