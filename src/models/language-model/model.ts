// A causal language model: a stack of Transformer layers that look back alone, as in GPT (Radford et al. 2018 and 2019).
// Axes: B batch, T positions, N model size, H heads, D head size, C capacity of a cache, V symbols.

import { and } from "../../attention/masks/algebra.ts";
import { causal } from "../../attention/masks/causal.ts";
import type { Mask } from "../../attention/masks/mask.ts";
import { bindAxes } from "../../core/axes.ts";
import { checkOptions } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import type { Rng } from "../../core/random.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { initLayerNorm, layerNorm, type LayerNormParams } from "../../nn/layer-norm.ts";
import { initLinear, type LinearParams } from "../../nn/linear.ts";
import { embedSymbols, initSymbols, readSymbols, type SymbolParams } from "../transformer/embed.ts";
import {
  initSelfLayer,
  noDropout,
  selfLayer,
  thin,
  type SelfLayerParams,
  type TransformerDropout,
} from "../transformer/layers.ts";
import { capacityOf, type StepState } from "../transformer/state.ts";
import { checkLanguageModelConfig, type LanguageModelConfig } from "./config.ts";

export type LanguageModelParams<T> = {
  readonly token: SymbolParams<T>;
  readonly layers: readonly SelfLayerParams<T>[];
  /** At the end of the stack, with norm `pre` alone. */
  readonly norm?: LayerNormParams<T>;
  /** (N, V); absent where the output is tied to the symbols. */
  readonly output?: LinearParams<T>;
};

/** Parameters drawn from `rng`, in a fixed order. @throws HeedError for a configuration that no network can have. */
export function initLanguageModel(config: LanguageModelConfig, rng: Rng): LanguageModelParams<NdArray> {
  checkLanguageModelConfig("initLanguageModel", config);
  const { count, layerCount, modelSize: size, norm, tiedOutput } = config;
  return {
    token: initSymbols(config, count, rng),
    layers: Array.from({ length: layerCount }, () => initSelfLayer(config, rng)),
    ...(norm === "pre" ? { norm: initLayerNorm({ size }) } : {}),
    ...(tiedOutput ? {} : { output: initLinear({ inSize: size, outSize: count }, rng) }),
  };
}

/** How whole sequences are read. */
export interface LanguageModelOptions {
  /**
   * Which pairs may meet, beside that no position sees a later one: `documents(...)` where several texts lie in one row. Rows
   * that are padded at their end need none. Default: all.
   */
  readonly mask?: Mask;
  /** Default: nothing is dropped. */
  readonly dropout?: TransformerDropout;
}

/**
 * What follows each position: ids int32 (B, T) -> logits float32 (B, T, V). Row t of the logits knows ids 0 to t, and is held
 * against id t + 1. The attentions are the sites `layers.0.self.attention` and so on.
 */
export function languageModelLogits(
  config: LanguageModelConfig,
  params: LanguageModelParams<Tensor>,
  ids: Tensor,
  options: LanguageModelOptions = {},
): Tensor {
  checkOptions("languageModelLogits", options, ["mask", "dropout"]);
  bindAxes("languageModelLogits", { ids: [ids, "B T"] });
  const { mask, dropout: drop = noDropout } = options;
  const { hidden } = run(config, params, ids, { mask: mask ? and(causal(), mask) : causal(), drop });
  return readSymbols(params.output, params.token.symbols, hidden); // (B, T, V)
}

/** What `languageModelSteps` gives: a state that holds T more steps, and the hidden vectors (B, T, N) that they are read from. */
export type LanguageModelSteps = { readonly hidden: Tensor; readonly state: StepState<Tensor> };

/**
 * The next T steps after those of a state: ids int32 (B, T) -> hidden (B, T, N), with a cache that holds them too. A prompt is T
 * steps after none; then each id is one step. A row without room gives NaN.
 */
export function languageModelSteps(
  config: LanguageModelConfig,
  params: LanguageModelParams<Tensor>,
  ids: Tensor,
  state: StepState<Tensor>,
): LanguageModelSteps {
  bindAxes("languageModelSteps", { ids: [ids, "B T"], length: [state.length, "B"] });
  const { hidden, state: next } = run(config, params, ids, { mask: causal(), drop: noDropout, state });
  return { hidden, state: next! };
}

/** The stack over (B, T) symbols. */
function run(
  config: LanguageModelConfig,
  params: LanguageModelParams<Tensor>,
  ids: Tensor,
  given: { readonly mask: Mask; readonly drop: TransformerDropout; readonly state?: StepState<Tensor> },
): { readonly hidden: Tensor; readonly state: StepState<Tensor> | null } {
  const { mask, drop, state } = given;
  const place = state ? { from: state.length, capacity: capacityOf(state) } : undefined;
  const embedded = embedSymbols(params.token, config, ids, place); // (B, T, N)
  let x = thin(embedded, drop);
  const layers: StepState<Tensor>["layers"][number][] = [];
  let length: Tensor | undefined;
  params.layers.forEach((layer, i) => {
    const cache = state ? { ...state.layers[i]!, length: state.length } : undefined;
    const result = scope(`layers.${i}`, () => selfLayer(layer, config, x, { mask, cache, drop }));
    x = result.x; // (B, T, N)
    if (!result.cache) return;
    const { keys, values } = result.cache;
    layers.push({ keys, values });
    length = result.cache.length;
  });
  return { hidden: params.norm ? layerNorm(params.norm, x) : x, state: length ? { layers, length } : null };
}
