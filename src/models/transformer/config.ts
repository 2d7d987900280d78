// Configuration of the encoder-decoder Transformer, and the check of one that came from a file.

import { checkOptions, optionError } from "../../core/errors.ts";
import { quoteValue } from "../../files/scanner.ts";

/** How positions are told: sinusoids or learned vectors added to the embeddings, or heads that are turned. */
export type TransformerPositions = "sinusoidal" | "learned" | "rotary";

/** What every stack of Transformer layers has, encoder, decoder and language model alike. */
export interface TransformerLayerConfig {
  /** N, of what goes from layer to layer; even with sinusoidal positions. */
  readonly modelSize: number;
  /** Heads of every attention; must divide `modelSize`. */
  readonly headCount: number;
  /** F, of the layer inside the feed-forward sub-layers. */
  readonly innerSize: number;
  readonly positions: TransformerPositions;
  /** Rows of the learned tables, which is the longest sequence. With learned positions alone, and required there. */
  readonly positionCount?: number;
  /** Between the two maps of the feed-forward sub-layers; `gelu` is the exact one. */
  readonly activation: "relu" | "gelu";
  /**
   * Where layers are normalised: `pre`, before each sub-layer and once at the end (Xiong et al. 2020, arXiv:2002.04745), which
   * trains without a long warm-up, or `post`, after each sum, as Vaswani et al. 2017 have it.
   */
  readonly norm: "pre" | "post";
  /**
   * Whether the output's weight is the embedding of the symbols, transposed (Press and Wolf 2017, arXiv:1608.05859). It spares
   * parameters where there are many symbols; a network of few begins to learn later, for at first it says each symbol again.
   */
  readonly tiedOutput: boolean;
}

/** Sizes and choices of the network. Everything that decides the shape of its parameters is here. */
export interface TransformerConfig extends TransformerLayerConfig {
  /** Symbols of the source, specials included (0 is padding). */
  readonly sourceCount: number;
  /** Symbols of the target, specials included (0 padding, 1 begin, 2 end). */
  readonly targetCount: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
}

// Bounds for what a file may ask: no more than a model of use has, and too little to claim much memory.
const limits: { readonly [key in string]?: number } = {
  modelSize: 8192,
  headCount: 128,
  innerSize: 32_768,
  positionCount: 65_536,
  sourceCount: 65_536,
  targetCount: 65_536,
  count: 65_536,
  encoderLayers: 64,
  decoderLayers: 64,
  layerCount: 64,
};
const choices = {
  positions: ["sinusoidal", "learned", "rotary"],
  activation: ["relu", "gelu"],
  norm: ["pre", "post"],
} as const;
const layerSizes = ["modelSize", "headCount", "innerSize"] as const;
const sizes = ["sourceCount", "targetCount", "encoderLayers", "decoderLayers"] as const;

/** Refuses a configuration that no network can have. @throws HeedError "option" naming the member. */
export function checkTransformerConfig(where: string, value: unknown): TransformerConfig {
  return checkLayerConfig<TransformerConfig>(where, value, sizes);
}

/** `checkTransformerConfig` for a model of such layers with sizes of its own. @param own - the names of those sizes. */
export function checkLayerConfig<C extends TransformerLayerConfig>(
  where: string,
  value: unknown,
  own: readonly (keyof C & string)[],
): C {
  if (typeof value !== "object" || value === null)
    throw optionError(where, "the configuration must be an object", value === null ? "null" : typeof value);
  const config = value as Record<string, unknown>;
  checkOptions(where, config, [...own, ...layerSizes, "positionCount", ...Object.keys(choices), "tiedOutput"]);
  for (const key of [...own, ...layerSizes]) checkSize(where, key, config[key]);
  for (const [key, known] of Object.entries(choices))
    if (!(known as readonly unknown[]).includes(config[key]))
      throw optionError(where, `${key} must be one of ${known.join(", ")}`, quoteValue(config[key]));
  if (typeof config["tiedOutput"] !== "boolean")
    throw optionError(where, "tiedOutput must be true or false", quoteValue(config["tiedOutput"]));
  const whole = value as C;
  const { modelSize, headCount, positions, positionCount } = whole;
  if (modelSize % headCount !== 0)
    throw optionError(where, "headCount must divide modelSize", `${headCount} heads of ${modelSize}`);
  const turned = positions === "rotary" ? modelSize / headCount : positions === "sinusoidal" ? modelSize : 2;
  if (turned % 2 !== 0)
    throw optionError(
      where,
      `with ${positions} positions ${positions === "rotary" ? "modelSize / headCount" : "modelSize"} must be even`,
      String(turned),
    );
  if (positions === "learned") checkSize(where, "positionCount", positionCount);
  else if (positionCount !== undefined)
    throw optionError(where, `with ${positions} positions there must be no positionCount`, quoteValue(positionCount));
  return whole;
}

function checkSize(where: string, key: string, size: unknown): void {
  const most = limits[key]!;
  if (!Number.isInteger(size) || (size as number) < 1 || (size as number) > most)
    throw optionError(where, `${key} must be an integer from 1 to ${most}`, quoteValue(size));
}
