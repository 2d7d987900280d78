// Settings of the grapheme-to-phoneme recipe: one place for every number that decides a run.

import { availableParallelism } from "node:os";
import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";

/** Which attention the decoder has. */
export type G2pVariant = "none" | "additive" | "dot";

/** Everything that decides a run, besides the data. */
export interface G2pSettings {
  readonly variant: G2pVariant;
  readonly model: Omit<Seq2SeqConfig, "sourceCount" | "targetCount">;
  readonly epochs: number;
  /** Steps without a better dev score after which training stops. Default: never. */
  readonly patience?: number;
  readonly batchSize: number;
  /** Highest learning rate; the schedule is a warm-up and half a cosine to 0. */
  readonly rate: number;
  readonly warmup: number;
  readonly weightDecay: number;
  readonly dropout: number;
  readonly smoothing: number;
  readonly clip: number;
  readonly averageDecay: number;
  readonly seed: number;
}

const base = {
  embeddingSize: 96,
  encoderSize: 256,
  encoderLayers: 2,
  attentionalSize: 256,
  alignmentSize: 256,
  inputFeeding: true,
} as const;

/** The recipe's settings. Without attention the decoder is wider, so that all variants have the same number of parameters within 10 %. */
export function g2pSettings(variant: G2pVariant, overrides: Partial<Omit<G2pSettings, "variant">> = {}): G2pSettings {
  const model = {
    none: { ...base, decoderSize: 592, attention: "none" },
    additive: { ...base, decoderSize: 512, attention: "additive" },
    dot: { ...base, decoderSize: 512, attention: "dot" },
  } as const;
  return {
    variant,
    model: model[variant],
    epochs: 26,
    batchSize: 128,
    rate: 2e-3,
    warmup: 300,
    weightDecay: 0.01,
    dropout: 0.3,
    smoothing: 0,
    clip: 2,
    averageDecay: 0.999,
    seed: 1,
    ...overrides,
  };
}

/**
 * Threads inside one op where no number is given: one a core, at most 8. The recipe names it rather than leaving it to the
 * runtime, because sums are rounded otherwise with another number: a training goes on with the one that it began with.
 */
export function usualThreads(): number {
  return Math.min(availableParallelism(), 8);
}

/**
 * The network of a variant with all sizes in proportion to `size`, the state size of one encoder direction; the recipe's
 * own is 256. For quick trials.
 */
export function scaledModel(variant: G2pVariant, size: number): G2pSettings["model"] {
  const { model } = g2pSettings(variant);
  const scaled = (whole: number): number => Math.max(1, Math.round((whole * size) / base.encoderSize));
  return {
    ...model,
    embeddingSize: scaled(model.embeddingSize),
    encoderSize: size,
    decoderSize: scaled(model.decoderSize),
    attentionalSize: scaled(model.attentionalSize),
    alignmentSize: scaled(model.alignmentSize),
  };
}
