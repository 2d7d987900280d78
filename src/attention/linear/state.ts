// What linear attention keeps of the keys and values so far: sums, of a size that does not grow.

import { checkOptions, optionError, shapeError } from "../../core/errors.ts";
import { zeros, type NdArray } from "../../core/ndarray.ts";
import { checkTensor } from "../../core/op.ts";
import { concat } from "../../core/ops/concat.ts";
import { expandDims, squeeze } from "../../core/ops/movement.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { show, type Tensor } from "../../core/tensor.ts";

/**
 * The sums over the keys so far: a plain tree, so that searches reorder its rows and functions hand it on.
 *
 * Axes: B batch, H heads, M features, E value size.
 */
export type LinearState<T> = {
  /** z of the paper, the features: float32 (B, H, M). */
  readonly features: T;
  /** S of the paper, features times values: float32 (B, H, M, E). */
  readonly values: T;
};

/** Options of `emptyLinearState`. */
export interface LinearStateOptions {
  readonly batchSize: number;
  /** H, heads of the queries. */
  readonly headCount: number;
  /** M: the head size for `eluFeatures`, the number of directions for `positiveFeatures`. */
  readonly featureCount: number;
  /** E. */
  readonly valueSize: number;
}

const names = ["batchSize", "headCount", "featureCount", "valueSize"] as const;

/** A state without keys. @throws HeedError for an option that is unknown or no size. */
export function emptyLinearState(options: LinearStateOptions): LinearState<NdArray> {
  const where = "emptyLinearState";
  checkOptions(where, options, names);
  for (const name of names) {
    const size: unknown = options[name];
    if (!Number.isSafeInteger(size) || (size as number) < 1)
      throw optionError(where, `${name} must be an integer >= 1`, String(size));
  }
  const { batchSize, headCount, featureCount, valueSize } = options;
  return {
    features: zeros([batchSize, headCount, featureCount]),
    values: zeros([batchSize, headCount, featureCount, valueSize]),
  };
}

/** A state as one tensor, values and features side by side: (B, H, M, E + 1). @throws HeedError where it does not fit. */
export function joinedState(where: string, state: LinearState<Tensor>, shape: readonly number[]): Tensor {
  const [B, H, M, E] = shape as readonly [number, number, number, number];
  const wanted = { features: [B, H, M], values: [B, H, M, E] } as const;
  for (const name of ["features", "values"] as const) {
    const x: unknown = state?.[name];
    checkTensor(where, `state.${name}`, x);
    if (x.dtype !== "float32" || x.shape.join() !== wanted[name].join())
      throw shapeError(
        where,
        `state.${name} must be float32[${wanted[name].join(", ")}], of these heads, features and values`,
        show(x),
        "Begin with emptyLinearState, and pass on the state of the step before.",
      );
  }
  return concat([state.values, expandDims(state.features, -1)], -1);
}

/** The reverse of `joinedState`. */
export function splitState(joined: Tensor): LinearState<Tensor> {
  const E = joined.shape[3]! - 1;
  return { features: squeeze(sliceAxis(joined, 3, E, E + 1), 3), values: sliceAxis(joined, 3, 0, E) };
}
