// The encoder-decoder Transformer of Vaswani et al. 2017 (arXiv:1706.03762).
// Axes: B batch, S source positions, U target positions, N model size, H heads, D head size, V targets.

import type { MultiHeadCache } from "../../attention/multi-head/cache.ts";
import type { HeadMemory } from "../../attention/multi-head/heads.ts";
import { projectMemory } from "../../attention/multi-head/memory.ts";
import { causal } from "../../attention/masks/causal.ts";
import { keyPadding } from "../../attention/masks/key-padding.ts";
import type { Mask } from "../../attention/masks/mask.ts";
import { bindAxes } from "../../core/axes.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { expandDims, squeeze } from "../../core/ops/movement.ts";
import type { Rng } from "../../core/random.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { initLayerNorm, layerNorm, type LayerNormParams } from "../../nn/layer-norm.ts";
import { initLinear, type LinearParams } from "../../nn/linear.ts";
import { checkTransformerConfig, type TransformerConfig } from "./config.ts";
import { embedSymbols, initSymbols, readSymbols, type SymbolParams } from "./embed.ts";
import {
  crossConfig,
  crossLayer,
  initCrossLayer,
  initSelfLayer,
  noDropout,
  selfLayer,
  thin,
  type CrossLayerParams,
  type SelfLayerParams,
  type TransformerDropout,
} from "./layers.ts";
import { capacityOf, type StepState } from "./state.ts";

export type TransformerParams<T> = {
  readonly source: SymbolParams<T>;
  readonly encoder: readonly SelfLayerParams<T>[];
  /** At the end of the encoder, with norm `pre` alone. */
  readonly encoderNorm?: LayerNormParams<T>;
  readonly target: SymbolParams<T>;
  readonly decoder: readonly CrossLayerParams<T>[];
  /** At the end of the decoder, with norm `pre` alone. */
  readonly decoderNorm?: LayerNormParams<T>;
  /** (N, V); absent where the output is tied to the target's symbols. */
  readonly output?: LinearParams<T>;
};

/** Parameters drawn from `rng`, in a fixed order. @throws HeedError for a configuration that no network can have. */
export function initTransformer(config: TransformerConfig, rng: Rng): TransformerParams<NdArray> {
  checkTransformerConfig("initTransformer", config);
  const { modelSize: size, encoderLayers, decoderLayers, norm, tiedOutput, sourceCount, targetCount } = config;
  return {
    source: initSymbols(config, sourceCount, rng),
    encoder: Array.from({ length: encoderLayers }, () => initSelfLayer(config, rng)),
    ...(norm === "pre" ? { encoderNorm: initLayerNorm({ size }) } : {}),
    target: initSymbols(config, targetCount, rng),
    decoder: Array.from({ length: decoderLayers }, () => initCrossLayer(config, rng)),
    ...(norm === "pre" ? { decoderNorm: initLayerNorm({ size }) } : {}),
    ...(tiedOutput ? {} : { output: initLinear({ inSize: size, outSize: targetCount }, rng) }),
  };
}

/** What the encoder hands over: for each layer of the decoder its heads of the memory, (B, S, H, D), projected once. */
export interface TransformerMemory {
  readonly layers: readonly HeadMemory<Tensor>[];
  /** Which positions of the source are real; null for all. */
  readonly mask: Mask | null;
}

/**
 * Reads the source. Its attentions are the sites `encoder.0.self.attention` and so on.
 *
 * @param source - int32 (B, S).
 * @param mask - bool (B, S), true at real symbols; null when none is padding. Padding never changes a result.
 */
export function transformerEncode(
  config: TransformerConfig,
  params: TransformerParams<Tensor>,
  source: Tensor,
  mask: Tensor | null,
  drop: TransformerDropout = noDropout,
): TransformerMemory {
  bindAxes("transformerEncode", { source: [source, "B S"], ...(mask ? { mask: [mask, "B S"] as const } : {}) });
  const padding = mask ? keyPadding(mask) : null;
  const states = scope("encoder", () => {
    const embedded = thin(embedSymbols(params.source, config, source), drop); // (B, S, N)
    return finish(
      params.encoderNorm,
      params.encoder.reduce(
        (x, layer, i) => scope(String(i), () => selfLayer(layer, config, x, { mask: padding, drop }).x),
        embedded,
      ),
    );
  });
  // (B, S, N) -> keys and values (B, S, H, D), for each layer.
  const memory = (layer: CrossLayerParams<Tensor>, i: number): HeadMemory<Tensor> =>
    scope(`decoder.${i}.cross`, () => projectMemory(layer.cross, crossConfig(config), { keys: states }));
  return { layers: params.decoder.map(memory), mask: padding };
}

/** Logits of a teacher-forced pass, float32 (B, U, V), and where each step looked, (B, U, S). */
export type TransformerForced = { readonly logits: Tensor; readonly weights: Tensor };

/**
 * Runs the whole network on known targets (teacher forcing). The decoder's attentions are the sites
 * `decoder.0.self.attention` and `decoder.0.cross.attention` and so on.
 *
 * @param source - int32 (B, S); @param mask - bool (B, S) or null.
 * @param previous - int32 (B, U): the symbol before each target, `begin` first. Padding at the end changes nothing before it.
 * @returns logits, and weights: those of the last layer over the source, the mean over its heads, before dropout. Whoever
 *   leaves the weights alone does not pay for them: what nothing needs is not computed.
 */
export function transformerForced(
  config: TransformerConfig,
  params: TransformerParams<Tensor>,
  source: Tensor,
  mask: Tensor | null,
  previous: Tensor,
  drop: TransformerDropout = noDropout,
): TransformerForced {
  bindAxes("transformerForced", { source: [source, "B S"], previous: [previous, "B U"] });
  const memory = transformerEncode(config, params, source, mask, drop);
  const { logits, weights } = decode(config, params, memory, previous, null, drop);
  return { logits, weights };
}

/** One free-running step. */
export type TransformerStep = {
  readonly state: StepState<Tensor>;
  /** float32 (B, V). */
  readonly logits: Tensor;
  /** float32 (B, S), as in `TransformerForced`. */
  readonly weights: Tensor;
};

/**
 * One step of decoding: previous int32 (B) and a state -> logits (B, V), weights (B, S), the next state.
 *
 * A row whose cache is full gives NaN.
 */
export function transformerStep(
  config: TransformerConfig,
  params: TransformerParams<Tensor>,
  memory: TransformerMemory,
  previous: Tensor,
  state: StepState<Tensor>,
): TransformerStep {
  const { logits, weights, state: next } = decode(config, params, memory, expandDims(previous, 1), state, noDropout);
  return { state: next!, logits: squeeze(logits, 1), weights: squeeze(weights, 1) };
}

/** The decoder over symbols (B, U): all of a target at once, or those that come after the steps of a state. */
function decode(
  config: TransformerConfig,
  params: TransformerParams<Tensor>,
  memory: TransformerMemory,
  previous: Tensor,
  state: StepState<Tensor> | null,
  drop: TransformerDropout,
): TransformerForced & { readonly state: StepState<Tensor> | null } {
  return scope("decoder", () => {
    const place = state ? { from: state.length, capacity: capacityOf(state) } : undefined;
    let x = thin(embedSymbols(params.target, config, previous, place), drop); // (B, U, N)
    let weights: Tensor;
    const caches: MultiHeadCache<Tensor>[] = [];
    params.decoder.forEach((layer, i) => {
      const cache = state ? { ...state.layers[i]!, length: state.length } : undefined;
      const given = { mask: causal(), cache, drop, memory: memory.layers[i]!, memoryMask: memory.mask };
      const result = scope(String(i), () => crossLayer(layer, config, x, given));
      x = result.x; // (B, U, N)
      weights = result.weights; // (B, U, S)
      if (result.cache) caches.push(result.cache);
    });
    const logits = readSymbols(params.output, params.target.symbols, finish(params.decoderNorm, x)); // (B, U, V)
    const next = { layers: caches.map(({ keys, values }) => ({ keys, values })), length: caches[0]?.length };
    return { logits, weights: weights!, state: state ? (next as StepState<Tensor>) : null };
  });
}

/** The norm at the end of a stack, where there is one. */
function finish(norm: LayerNormParams<Tensor> | undefined, x: Tensor): Tensor {
  return norm ? layerNorm(norm, x) : x;
}
