// Feed-forward: two linear maps with a function between, as in every Transformer layer.

import type { NdArray } from "../core/ndarray.ts";
import { sizeOf } from "../core/dtype.ts";
import { checkTensor } from "../core/op.ts";
import { reshape } from "../core/ops/movement.ts";
import { gelu } from "../core/ops/unary.ts";
import type { Rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { checkParams, checkSizes } from "./checks.ts";
import { initLinear, linear, type LinearParams } from "./linear.ts";

/** Axes: N model size, F inner size. `expand` (N, F) and `contract` (F, N), each with its bias. */
export type FeedForwardParams<T> = { readonly expand: LinearParams<T>; readonly contract: LinearParams<T> };

/** Sizes of a feed-forward layer. */
export interface FeedForwardConfig {
  /** Of what enters and leaves. */
  readonly size: number;
  /** Of the layer between. Default 4 times `size`. */
  readonly innerSize?: number;
}

/** Both maps as `initLinear` draws them. */
export function initFeedForward(config: FeedForwardConfig, rng: Rng): FeedForwardParams<NdArray> {
  checkSizes("initFeedForward", config, ["size"]);
  const { size, innerSize = 4 * size } = config;
  return {
    expand: initLinear({ inSize: size, outSize: innerSize }, rng),
    contract: initLinear({ inSize: innerSize, outSize: size }, rng),
  };
}

/**
 * x (..., N) -> (..., N): contract(activation(expand(x))).
 *
 * @param activation - between the two. Default `gelu` (exact, with erf); Vaswani et al. 2017 use relu.
 * Source: Vaswani et al. 2017 (arXiv:1706.03762), eq. 2.
 */
export function feedForward(
  params: FeedForwardParams<Tensor>,
  x: Tensor,
  activation: (x: Tensor) => Tensor = gelu,
): Tensor {
  checkParams("feedForward", params, ["expand", "contract"]);
  checkTensor("feedForward", "x", x);
  // As rows throughout: between two products without a change of shape the runtime fuses bias and relu into the first.
  const rows = reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
  return reshape(linear(params.contract, activation(linear(params.expand, rows))), x.shape);
}
