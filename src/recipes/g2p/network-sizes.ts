// The sizes of the recipe's networks.

import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";
import type { TransformerConfig } from "../../models/transformer/config.ts";
import { longestWord } from "../../text/word.ts";
import type { G2pVariant, RecurrentVariant } from "./variants.ts";

type Alphabets = "sourceCount" | "targetCount";

/** The recurrent network without its alphabets. */
export type RecurrentSizes = Omit<Seq2SeqConfig, Alphabets>;
/** The Transformer without its alphabets. */
export type TransformerSizes = Omit<TransformerConfig, Alphabets>;
/** A network without its alphabets. */
export type NetworkSizes = RecurrentSizes | TransformerSizes;

/** What may be chosen of a network besides its variant. */
export interface SizeOptions {
  /** The state size of one encoder direction, or the Transformer's model size; all sizes follow in proportion. Default 256. */
  readonly size?: number | undefined;
  /** Layers of the encoder, and of the Transformer's decoder. Default 3. */
  readonly layers?: number | undefined;
  /** Whether the decoder has input feeding. Default: as the variant. */
  readonly feed?: boolean | undefined;
}

const recurrent = {
  embeddingSize: 96,
  encoderSize: 256,
  encoderLayers: 3,
  attentionalSize: 256,
  alignmentSize: 256,
} as const;

const transformer: TransformerSizes = {
  modelSize: 256,
  headCount: 4,
  innerSize: 512,
  encoderLayers: 3,
  decoderLayers: 3,
  positions: "sinusoidal",
  activation: "relu",
  norm: "pre",
  tiedOutput: false,
};

/**
 * How far a local window reaches. Luong's 10 is made for sentences: 95 % of CMUdict's words lie wholly inside such a window,
 * wherever it stands. A word of S letters and U phonemes drifts by |S - U| from step to step's own position, which is at most
 * 4 for 99.7 % of the pronunciations of g014b2b; so the window of 9 letters loses nothing and is a window.
 */
const wordReach = 4;

/** Where a choice is made or summed out it stays out of the decoder's state. */
const withoutFeeding: readonly RecurrentVariant[] = ["hard", "marginal", "monotonic"];

/** What some attentions need besides. */
const needs: { readonly [name in RecurrentVariant]?: Pick<Seq2SeqConfig, "reach" | "longestSource"> } = {
  "local-m": { reach: wordReach },
  "local-p": { reach: wordReach },
  location: { longestSource: longestWord },
};

/** The sizes of a variant's network. `feed` is for recurrent ones alone. */
export function networkSizes(variant: "transformer", options?: SizeOptions): TransformerSizes;
export function networkSizes(variant: RecurrentVariant, options?: SizeOptions): RecurrentSizes;
export function networkSizes(variant: G2pVariant, options?: SizeOptions): NetworkSizes;
export function networkSizes(variant: G2pVariant, options: SizeOptions = {}): NetworkSizes {
  return variant === "transformer" ? transformerSizes(options) : recurrentSizes(variant, options);
}

/** Whether the sizes are those of the Transformer. */
export function isTransformer(sizes: NetworkSizes): sizes is TransformerSizes {
  return "headCount" in sizes;
}

/** The one number that all sizes follow. */
export function sizeOf(sizes: NetworkSizes): number {
  return isTransformer(sizes) ? sizes.modelSize : sizes.encoderSize;
}

function transformerSizes({
  size = transformer.modelSize,
  layers = transformer.encoderLayers,
}: SizeOptions): TransformerSizes {
  return { ...transformer, modelSize: size, innerSize: 2 * size, encoderLayers: layers, decoderLayers: layers };
}

function recurrentSizes(
  variant: RecurrentVariant,
  {
    size = recurrent.encoderSize,
    layers = recurrent.encoderLayers,
    feed = !withoutFeeding.includes(variant),
  }: SizeOptions,
): RecurrentSizes {
  const scaled = (whole: number): number => Math.max(1, Math.round((whole * size) / recurrent.encoderSize));
  return {
    embeddingSize: scaled(recurrent.embeddingSize),
    encoderSize: size,
    encoderLayers: layers,
    attentionalSize: scaled(recurrent.attentionalSize),
    alignmentSize: scaled(recurrent.alignmentSize),
    inputFeeding: feed,
    decoderSize: scaled(decoderSize(variant, feed)),
    attention: variant,
    ...needs[variant],
  };
}

/**
 * The decoder is wider without attention and without input feeding, so that all have the same number of parameters within
 * 10 %; but dot attention compares its state with the encoder's as they are.
 */
function decoderSize(variant: RecurrentVariant, feed: boolean): number {
  if (variant === "dot") return 2 * recurrent.encoderSize;
  return (variant === "none" ? 592 : 512) + (feed ? 0 : 48);
}
