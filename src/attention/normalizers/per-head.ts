// Parameters of a normalizer: one number for all, or one for each head.

import { optionError, shapeError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { reshape } from "../../core/ops/movement.ts";
import { show, type Tensor } from "../../core/tensor.ts";

/** Refuses a number of heads that is given and is not an integer >= 1. */
export function checkHeadCount(name: string, headCount: unknown): void {
  if (headCount !== undefined && !(Number.isSafeInteger(headCount) && (headCount as number) >= 1))
    throw optionError(
      name,
      "headCount must be an integer >= 1",
      typeof headCount === "number" ? String(headCount) : kindOf(headCount),
    );
}

/** A scalar, or (H) where there are heads, filled with one value. */
export function headParameter(headCount: number | undefined, value: number): NdArray {
  return new NdArray(
    "float32",
    headCount === undefined ? [] : [headCount],
    new Float32Array(headCount ?? 1).fill(value),
  );
}

/**
 * A parameter as it is broadcast to the scores: a scalar as it is, (H) as (H, 1, 1) for scores (..., H, T, S).
 *
 * @throws HeedError when the scores have other heads.
 */
export function acrossHeads(name: string, parameter: Tensor, scores: Tensor): Tensor {
  if (parameter.rank === 0) return parameter;
  const [count] = parameter.shape;
  if (parameter.rank !== 1 || scores.rank < 3 || scores.shape.at(-3) !== count)
    throw shapeError(
      name,
      "a parameter (H) needs scores (..., H, T, S)",
      `${show(parameter)} for ${show(scores)}`,
      "Give the stage the scores' headCount, or none for one parameter.",
    );
  return reshape(parameter, [count!, 1, 1]);
}
