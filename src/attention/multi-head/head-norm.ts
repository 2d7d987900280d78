// Normalisation of the heads of queries and keys, so that no score grows with the size of their projections.

import { checkOptions, optionError } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { add, div, mul } from "../../core/ops/binary.ts";
import { mean } from "../../core/ops/reduce.ts";
import { sqrt, square } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { initLayerNorm, layerNorm, type LayerNormParams } from "../../nn/layer-norm.ts";

/** A normalisation over the last axis of heads (B, T, H, D), all heads with the same parameters. */
export interface HeadNorm<P> {
  readonly name: string;
  /** @param config.size - D, of a head. */
  init(config: { readonly size: number }): P;
  normalize(params: never, x: Tensor): Tensor;
}

/** Options of head norms. */
export interface HeadNormOptions {
  /** Added to the mean square or the variance, >= 0. Default 1e-6. */
  readonly epsilon?: number;
}

/** The learned scale, (D), which begins as 1. */
export type RmsHeadNormParams<T> = { readonly scale: T };

/**
 * x / sqrt(mean(x²) + epsilon) · scale over each head.
 *
 * Source: Zhang and Sennrich 2019 (arXiv:1910.07467), eq. 4; over heads as in Qwen3 (arXiv:2505.09388), section 2.
 *   Differs from Henry et al. 2020 (arXiv:2010.04245), whose norm is L2 and whose scale is one number for all.
 */
export function rmsHeadNorm(options: HeadNormOptions = {}): HeadNorm<RmsHeadNormParams<NdArray>> {
  const epsilon = epsilonOf("rmsHeadNorm", options);
  return {
    name: "rmsHeadNorm",
    init: ({ size }) => ({ scale: new NdArray("float32", [size], new Float32Array(size).fill(1)) }),
    normalize({ scale }: RmsHeadNormParams<Tensor>, x) {
      const size = sqrt(add(mean(square(x), -1, { keepDims: true }), epsilon));
      return mul(div(x, size), scale);
    },
  };
}

/** Layer normalisation of each head, with scale and bias. Source: Dehghani et al. 2023 (arXiv:2302.05442), section 2, of ViT-22B. */
export function layerHeadNorm(options: HeadNormOptions = {}): HeadNorm<LayerNormParams<NdArray>> {
  const epsilon = epsilonOf("layerHeadNorm", options);
  return {
    name: "layerHeadNorm",
    init: initLayerNorm,
    normalize: (params: LayerNormParams<Tensor>, x) => layerNorm(params, x, { epsilon }),
  };
}

function epsilonOf(where: string, options: HeadNormOptions): number {
  checkOptions(where, options, ["epsilon"]);
  const { epsilon = 1e-6 } = options;
  if (!(epsilon >= 0 && Number.isFinite(epsilon)))
    throw optionError(where, "epsilon must be a finite number >= 0", String(epsilon));
  return epsilon;
}
