// The graph of positions and layers that rollout and flow walk: weights of one matrix a layer, with the residual in them.

import { checkOptions, optionError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { checkHeadReduction, reduceHeads, type HeadReduction } from "./heads.ts";
import { hostLayers, isIndex } from "./weights.ts";

/** How layers of self-attention become one matrix each. */
export interface LayeredOptions {
  /** What passes a layer by, from 0 to 1: A' = residual I + (1 - residual) A. Default 0.5, one half. */
  readonly residual?: number;
  /** How the heads become one matrix. Default `mean`. */
  readonly heads?: HeadReduction;
  /** The layer whose inputs are the inputs, from 0. Default 0, the lowest. */
  readonly from?: number;
}

/** Matrices (B, T, T) in float64, the lowest layer first. Row: position after the layer; column: position before it. */
export interface LayeredWeights {
  readonly batchSize: number;
  readonly length: number;
  readonly layers: readonly Float64Array[];
}

/**
 * A' = residual I + (1 - residual) A, where A is the layer's weights with their heads reduced; its rows are then divided by
 * their sum, which is 1 already for the mean of rows that sum to 1. A row of zeros stays one.
 *
 * @param layers - float32 (B, H, T, T) each, the lowest first.
 */
export function layeredWeights(where: string, layers: readonly NdArray[], options: LayeredOptions): LayeredWeights {
  checkOptions(where, options, ["residual", "heads", "from"]);
  const { residual = 0.5, heads = "mean", from = 0 } = options;
  if (!(residual >= 0 && residual <= 1))
    throw optionError(where, "residual must lie in 0 <= residual <= 1", String(residual));
  checkHeadReduction(where, heads);
  const hosts = hostLayers(where, layers);
  if (!isIndex(from, hosts.length))
    throw optionError(where, `from must be a layer from 0 to ${hosts.length - 1}`, String(from));
  const { batchSize, queryLength: length } = hosts[0]!.sizes;
  return {
    batchSize,
    length,
    layers: hosts.slice(from).map((host) => withResidual(reduceHeads(host, heads), length, residual)),
  };
}

/** (B, T, T), changed in place. */
function withResidual(matrices: Float64Array, length: number, residual: number): Float64Array {
  for (let row = 0; row * length < matrices.length; row++) {
    const own = matrices.subarray(row * length, (row + 1) * length);
    let sum = 0;
    for (let j = 0; j < length; j++) {
      own[j] = (1 - residual) * own[j]! + (j === row % length ? residual : 0);
      sum += own[j]!;
    }
    if (sum !== 0) for (let j = 0; j < length; j++) own[j]! /= sum;
  }
  return matrices;
}
