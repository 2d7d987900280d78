// Rollout: how much of each input is in each position after many layers, if weights were all that moves anything.

import type { NdArray } from "../../core/ndarray.ts";
import { layeredWeights, type LayeredOptions } from "./layered-weights.ts";
import { fromIndex } from "./weights.ts";

/**
 * Attention rollout: R = A'_L ... A'_2 A'_1 with A' = residual I + (1 - residual) A, from the inputs of layer `from` to the
 * outputs of the last layer given.
 *
 * Axes: B batch, H heads, T positions. In float64 inside. Rows of the result sum to 1, but for positions that look at nothing
 * where there is no residual. A NaN is passed on.
 *
 * @param layers - weights of self-attention, float32 (B, H, T, T) each, the lowest layer first. Heads may differ in number.
 * @param options.residual - what passes a layer by, 0 to 1. Default 0.5.
 * @param options.heads - `mean` (default), `max` or `min` over heads. Rows are divided by their sum afterwards.
 * @param options.from - the layer to start below. Default 0.
 * @returns float32 (B, T, T): row, a position after the last layer; column, an input.
 * @throws HeedError when layers disagree in B or T, have other keys than queries, or an option is out of range.
 * Source: Abnar and Zuidema 2020 (arXiv:2005.00928), section 3, eq. 1; `max` and `min` are not in the paper.
 */
export function rollout(layers: readonly NdArray[], options: LayeredOptions = {}): NdArray {
  const { batchSize, length, layers: matrices } = layeredWeights("rollout", layers, options);
  const whole = matrices.reduce((below, layer) => matrixProducts(layer, below, batchSize, length));
  return fromIndex([batchSize, length, length], (i) => whole[i]!);
}

/** (B, T, T) times (B, T, T). Zeros are multiplied too, so that a NaN is not lost. */
export function matrixProducts(a: Float64Array, b: Float64Array, batchSize: number, length: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let row = 0; row < batchSize * length; row++) {
    const start = Math.floor(row / length) * length;
    for (let k = 0; k < length; k++) {
      const factor = a[row * length + k]!;
      for (let j = 0; j < length; j++) out[row * length + j]! += factor * b[(start + k) * length + j]!;
    }
  }
  return out;
}
