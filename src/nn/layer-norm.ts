// Layer normalisation as a layer: scale and bias beside core's operation.

import { checkOptions } from "../core/errors.ts";
import { NdArray } from "../core/ndarray.ts";
import { layerNorm as normalize } from "../core/ops/layer-norm.ts";
import type { Tensor } from "../core/tensor.ts";
import { checkParams, checkSizes } from "./checks.ts";

/** Scale and bias, each (N). */
export type LayerNormParams<T> = { readonly scale: T; readonly bias: T };

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5, as in torch; BERT uses 1e-12. */
  readonly epsilon?: number;
}

/** Scale 1 and bias 0: nothing is drawn. @param config.size - of the last axis. */
export function initLayerNorm(config: { readonly size: number }): LayerNormParams<NdArray> {
  checkSizes("initLayerNorm", config, ["size"]);
  const { size } = config;
  return {
    scale: new NdArray("float32", [size], new Float32Array(size).fill(1)),
    bias: new NdArray("float32", [size], new Float32Array(size)),
  };
}

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis; the variance is that of the population.
 *
 * @param x - float32 (..., N).
 * @throws HeedError when scale or bias is not (N), or epsilon is negative.
 * Source: Ba, Kiros and Hinton 2016 (arXiv:1607.06450), eq. 3-4.
 */
export function layerNorm(params: LayerNormParams<Tensor>, x: Tensor, options: LayerNormOptions = {}): Tensor {
  checkParams("layerNorm", params, ["scale", "bias"]);
  checkOptions("layerNorm", options, ["epsilon"]);
  return normalize(x, params.scale, params.bias, options.epsilon);
}
