// Configuration of the causal language model, and the check of one that came from a file.

import { checkLayerConfig, type TransformerLayerConfig } from "../transformer/config.ts";

/** Sizes and choices of the network. Everything that decides the shape of its parameters is here. */
export interface LanguageModelConfig extends TransformerLayerConfig {
  /** V, of the symbols: ids are 0 to V - 1, and none has a meaning of its own. */
  readonly count: number;
  readonly layerCount: number;
}

/** Refuses a configuration that no network can have. @throws HeedError "option" naming the member. */
export function checkLanguageModelConfig(where: string, value: unknown): LanguageModelConfig {
  return checkLayerConfig<LanguageModelConfig>(where, value, ["count", "layerCount"]);
}
