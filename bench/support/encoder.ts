// The Transformer encoder that is measured, from functions of core and nn alone.
// Axes: B batch, S positions, H model size, N heads, D = H / N, F inner size of the feed-forward layer.

import type { NdArray } from "../../src/core/ndarray.ts";
import { add, mul, sub } from "../../src/core/ops/binary.ts";
import { matmul } from "../../src/core/ops/matmul.ts";
import { reshape, transpose } from "../../src/core/ops/movement.ts";
import { mean } from "../../src/core/ops/reduce.ts";
import { softmax } from "../../src/core/ops/softmax.ts";
import { relu, square } from "../../src/core/ops/unary.ts";
import type { Rng } from "../../src/core/random.ts";
import { scope } from "../../src/core/scope.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { feedForward, initFeedForward, type FeedForwardParams } from "../../src/nn/feed-forward.ts";
import { initLayerNorm, layerNorm, type LayerNormParams } from "../../src/nn/layer-norm.ts";
import { initLinear, linear, type LinearParams } from "../../src/nn/linear.ts";

/** The sizes of the encoder that is measured: 3.16 M parameters. */
export const encoderSizes = { layers: 4, B: 32, S: 128, H: 256, N: 4, F: 1024 } as const;

type AttentionParams<T> = {
  readonly query: LinearParams<T>;
  readonly key: LinearParams<T>;
  readonly value: LinearParams<T>;
  readonly out: LinearParams<T>;
};

type LayerParams<T> = {
  readonly attention: AttentionParams<T>;
  readonly attentionNorm: LayerNormParams<T>;
  readonly feedForward: FeedForwardParams<T>;
  readonly outputNorm: LayerNormParams<T>;
};

export type EncoderParams<T> = { readonly layers: readonly LayerParams<T>[] };

export function initEncoder(rng: Rng): EncoderParams<NdArray> {
  const { layers, H, F } = encoderSizes;
  const square = (): LinearParams<NdArray> => initLinear({ inSize: H, outSize: H }, rng);
  return {
    layers: Array.from({ length: layers }, () => ({
      attention: { query: square(), key: square(), value: square(), out: square() },
      attentionNorm: initLayerNorm({ size: H }),
      feedForward: initFeedForward({ size: H, innerSize: F }, rng),
      outputNorm: initLayerNorm({ size: H }),
    })),
  };
}

/** Self-attention of every position with every position, from plain primitives: x (B, S, H) -> (B, S, H). */
function selfAttention(params: AttentionParams<Tensor>, x: Tensor): Tensor {
  const { B, S, H, N } = encoderSizes;
  const heads = (t: Tensor): Tensor => transpose(reshape(t, [B, S, N, H / N]), [0, 2, 1, 3]); // (B, N, S, D)
  const query = mul(heads(linear(params.query, x)), 1 / Math.sqrt(H / N)); // fewer numbers than there are scores
  const key = heads(linear(params.key, x));
  const value = heads(linear(params.value, x));
  const weights = softmax(matmul(query, transpose(key))); // (B, N, S, S)
  return linear(params.out, reshape(transpose(matmul(weights, value), [0, 2, 1, 3]), [B, S, H]));
}

/** The layer of Vaswani et al. 2017: the norm after the residual, ReLU between the two maps. */
function encoderLayer(params: LayerParams<Tensor>, x: Tensor): Tensor {
  const read = scope("attention", () => selfAttention(params.attention, x));
  const attended = layerNorm(params.attentionNorm, add(x, read));
  const changed = scope("feedForward", () => feedForward(params.feedForward, attended, relu));
  return layerNorm(params.outputNorm, add(attended, changed));
}

/** The mean squared difference of what the encoder makes of `x` (B, S, H) from `target` (B, S, H): a loss without a head. */
export function encoderLoss(params: EncoderParams<Tensor>, x: Tensor, target: Tensor): Tensor {
  const out = params.layers.reduce((state, p, i) => scope(`layers.${i}`, () => encoderLayer(p, state)), x);
  return mean(square(sub(out, target)));
}
