// The two layers of a Transformer: one that attends to its own sequence, and one that attends to a memory as well.
// Axes: B batch, T positions, S memory positions, C capacity of a cache, N model size, H heads, D head size.

import type { MultiHeadCache } from "../../attention/multi-head/cache.ts";
import type { MultiHeadConfig } from "../../attention/multi-head/config.ts";
import type { HeadMemory } from "../../attention/multi-head/heads.ts";
import { attendMemory } from "../../attention/multi-head/memory.ts";
import { multiHead } from "../../attention/multi-head/multi-head.ts";
import { initMultiHead, type MultiHeadParams } from "../../attention/multi-head/params.ts";
import type { Mask } from "../../attention/masks/mask.ts";
import { observe } from "../../attention/observe/observe.ts";
import { rotary } from "../../attention/positions/rotary.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { reshape } from "../../core/ops/movement.ts";
import { gelu, relu } from "../../core/ops/unary.ts";
import { mean } from "../../core/ops/reduce.ts";
import type { Rng } from "../../core/random.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { dropout } from "../../nn/dropout.ts";
import { feedForward, initFeedForward, type FeedForwardParams } from "../../nn/feed-forward.ts";
import { initLayerNorm, layerNorm, type LayerNormParams } from "../../nn/layer-norm.ts";
import type { TransformerLayerConfig } from "./config.ts";

/** A layer of an encoder or a language model: attention to itself, then the feed-forward sub-layer, each with its norm. */
export type SelfLayerParams<T> = {
  readonly self: MultiHeadParams<T>;
  readonly selfNorm: LayerNormParams<T>;
  readonly feedForward: FeedForwardParams<T>;
  readonly feedForwardNorm: LayerNormParams<T>;
};

/** A layer of a decoder: attention to a memory between the two. */
export type CrossLayerParams<T> = SelfLayerParams<T> & {
  readonly cross: MultiHeadParams<T>;
  readonly crossNorm: LayerNormParams<T>;
};

/**
 * Dropout while training, off where `key` is null.
 *
 * Source: Vaswani et al. 2017 (arXiv:1706.03762), section 5.4: what enters the first layer, and what a sub-layer adds.
 */
export interface TransformerDropout {
  /** Of what enters the first layer and of what every sub-layer adds. */
  readonly rate: number;
  /** Of attention weights. Default `rate`. */
  readonly attention?: number;
  /** Inside the feed-forward sub-layers, as torch's layers have it. Default 0: its draws are by far the most. */
  readonly inner?: number;
  /**
   * Whether all positions of a sequence share one draw (Gal and Ghahramani 2016, arXiv:1512.05287), of all but attention weights,
   * rather than each element having its own. Draws are made on the host: on short sequences a step spends a third of its time
   * on them otherwise. Default false.
   */
  readonly perSequence?: boolean;
  readonly key: Tensor | null;
}

/** Nothing is dropped. */
export const noDropout: TransformerDropout = { rate: 0, key: null };

/** x (B, T, N), thinned. @param rate - default: of what enters the first layer and of what sub-layers add. */
export function thin(
  x: Tensor,
  { rate: usual, perSequence = false, key }: TransformerDropout,
  rate: number = usual,
): Tensor {
  return dropout(x, { rate, key, ...(perSequence ? { sharedAxes: [1] } : {}) });
}

/** Every attention to its own sequence. Heads that are turned are turned here: a memory has positions of another sequence. */
export function selfConfig({ modelSize, headCount, positions }: TransformerLayerConfig): MultiHeadConfig {
  const sizes = { querySize: modelSize, headCount };
  return positions === "rotary" ? { ...sizes, positions: rotary() } : sizes;
}

/** Every attention to a memory. */
export function crossConfig({ modelSize, headCount }: TransformerLayerConfig): MultiHeadConfig {
  return { querySize: modelSize, headCount };
}

/** Attention as torch's begins, the feed-forward maps as `initLinear` draws them, norms as the identity. */
export function initSelfLayer(config: TransformerLayerConfig, rng: Rng): SelfLayerParams<NdArray> {
  const { modelSize: size, innerSize } = config;
  return {
    self: initMultiHead(selfConfig(config), rng),
    selfNorm: initLayerNorm({ size }),
    feedForward: initFeedForward({ size, innerSize }, rng),
    feedForwardNorm: initLayerNorm({ size }),
  };
}

/** As `initSelfLayer`, then the attention to the memory. */
export function initCrossLayer(config: TransformerLayerConfig, rng: Rng): CrossLayerParams<NdArray> {
  return {
    ...initSelfLayer(config, rng),
    cross: initMultiHead(crossConfig(config), rng),
    crossNorm: initLayerNorm({ size: config.modelSize }),
  };
}

/** How a layer attends to its own sequence. */
export interface SelfOptions {
  readonly mask: Mask | null;
  /** The steps so far, to which those of `x` are appended. */
  readonly cache?: MultiHeadCache<Tensor> | undefined;
  readonly drop: TransformerDropout;
}

/** What a layer gives. */
export interface LayerResult {
  /** float32 (B, T, N). */
  readonly x: Tensor;
  /** With the steps of `x`, where there was one. */
  readonly cache?: MultiHeadCache<Tensor> | undefined;
}

/** x (B, T, N) -> (B, T, N): x + self(x), then + feedForward. Its attention is the site `self.attention`. */
export function selfLayer(
  params: SelfLayerParams<Tensor>,
  config: TransformerLayerConfig,
  x: Tensor,
  options: SelfOptions,
): LayerResult {
  const attended = attendSelf(params, config, x, options);
  return { ...attended, x: transform(params, config, attended.x, options.drop) };
}

/**
 * x (B, T, N) -> (B, T, N): x + self(x), + cross(x, memory), + feedForward. The sites are `self.attention` and
 * `cross.attention`.
 *
 * @param memory - heads of the memory, (B, S, H, D); @param memoryMask - which of its positions are real.
 * @returns besides, `weights` (B, T, S): where it looked in the memory, the mean over its heads. What is not used of it costs
 *   nothing.
 */
export function crossLayer(
  params: CrossLayerParams<Tensor>,
  config: TransformerLayerConfig,
  x: Tensor,
  { memory, memoryMask, ...options }: SelfOptions & { memory: HeadMemory<Tensor>; memoryMask: Mask | null },
): LayerResult & { readonly weights: Tensor } {
  const { drop } = options;
  const attended = attendSelf(params, config, x, options);
  let weights: Tensor;
  const crossed = subLayer(params.crossNorm, config, attended.x, drop, (y) => {
    const look = observe(() => {
      const given = { query: y, ...(memoryMask ? { mask: memoryMask } : {}), dropout: attentionDrop(drop) };
      return scope("cross", () => attendMemory(params.cross, crossConfig(config), memory, given).output);
    }, "*");
    const { result, seen } = look();
    weights = mean(Object.values(seen)[0]!["weights"]!, 1); // (B, H, T, S) -> (B, T, S)
    return result;
  });
  return { ...attended, x: transform(params, config, crossed, drop), weights: weights! };
}

/** The sub-layer that attends to its own sequence. */
function attendSelf(
  params: SelfLayerParams<Tensor>,
  config: TransformerLayerConfig,
  x: Tensor,
  { mask, cache, drop }: SelfOptions,
): LayerResult {
  let filled: MultiHeadCache<Tensor> | undefined;
  const sum = subLayer(params.selfNorm, config, x, drop, (y) =>
    scope("self", () => {
      const given = { query: y, ...(mask ? { mask } : {}), dropout: attentionDrop(drop), ...(cache ? { cache } : {}) };
      const attended = multiHead(params.self, selfConfig(config), given);
      filled = attended.cache;
      return attended.output;
    }),
  );
  return { x: sum, cache: filled };
}

/** The feed-forward sub-layer. */
function transform(
  params: SelfLayerParams<Tensor>,
  config: TransformerLayerConfig,
  x: Tensor,
  drop: TransformerDropout,
): Tensor {
  const bend = config.activation === "relu" ? relu : gelu;
  const [B, T] = x.shape as readonly [number, number];
  const inner = (rows: Tensor): Tensor => {
    const bent = bend(rows); // (B T, F)
    if (!drop.inner || !drop.key) return bent;
    return reshape(thin(reshape(bent, [B, T, config.innerSize]), drop, drop.inner), bent.shape);
  };
  return subLayer(params.feedForwardNorm, config, x, drop, (y) =>
    scope("feedForward", () => feedForward(params.feedForward, y, inner)),
  );
}

/** One sub-layer with its residual connection and its norm, before it or after the sum. */
function subLayer(
  norm: LayerNormParams<Tensor>,
  { norm: place }: TransformerLayerConfig,
  x: Tensor,
  drop: TransformerDropout,
  inner: (x: Tensor) => Tensor,
): Tensor {
  return place === "pre"
    ? add(x, thin(inner(layerNorm(norm, x)), drop))
    : layerNorm(norm, add(x, thin(inner(x), drop)));
}

function attentionDrop({ rate, attention = rate, key }: TransformerDropout): { rate: number; key: Tensor | null } {
  return { rate: attention, key };
}
