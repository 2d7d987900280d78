// Settings of the grapheme-to-phoneme recipe: one place for every number that decides a run.

import { availableParallelism } from "node:os";
import { optionError } from "../../core/errors.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";
import { longestWord } from "../../text/word.ts";

/** Which attention the decoder has. */
export type G2pVariant = Exclude<Seq2SeqConfig["attention"], "coverage">;

/** The attentions that the recipe trains, by name. */
export const g2pVariants: readonly G2pVariant[] = [
  "none",
  "additive",
  "dot",
  "general",
  "local-m",
  "local-p",
  "location",
  "entmax",
  "hard",
  "marginal",
  "monotonic",
];

/** What the rewards of hard attention are compared with. */
export type HardBaseline = "average" | "self-critical" | "leave-one-out";

/** How `hard` attention is trained (docs/decisions/0013). */
export type HardSettings = {
  /**
   * `average`: the moving average of the rewards (Xu et al. 2015); `self-critical`: the reward of the likeliest position
   * (Rennie et al. 2017); `leave-one-out`: the mean of the word's other samples (Kool et al. 2019), of which there must be 2.
   */
  readonly baseline: HardBaseline;
  /** Alignments drawn of each word of a batch, an integer >= 1. */
  readonly samples: number;
  /** Weight of the entropy of what positions are drawn from, in nats a step, >= 0. */
  readonly entropyBonus: number;
  /** Probability, in 0 <= p < 1, that a step of a training attends softly instead (Xu et al. 2015, section 4.1, 0.5). */
  readonly semiSampling: number;
};

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
  /** With `hard` attention, and with no other. */
  readonly hard?: HardSettings;
}

const base = {
  embeddingSize: 96,
  encoderSize: 256,
  encoderLayers: 2,
  attentionalSize: 256,
  alignmentSize: 256,
} as const;

const usualHard: HardSettings = { baseline: "leave-one-out", samples: 4, entropyBonus: 0.01, semiSampling: 0 };

/**
 * How far a local window reaches. Luong's 10 is made for sentences: 95 % of CMUdict's words lie wholly inside such a window,
 * wherever it stands. A word of S letters and U phonemes drifts by |S - U| from step to step's own position, which is at most
 * 4 for 99.7 % of the pronunciations of g014b2b; so the window of 9 letters loses nothing and is a window.
 */
const wordReach = 4;

/** Where a choice is made or summed out it stays out of the decoder's state. */
const withoutFeeding: readonly G2pVariant[] = ["hard", "marginal", "monotonic"];

/** What some attentions need besides. */
const needs: { readonly [name in G2pVariant]?: Pick<Seq2SeqConfig, "reach" | "longestSource"> } = {
  "local-m": { reach: wordReach },
  "local-p": { reach: wordReach },
  location: { longestSource: longestWord },
};

/**
 * The network of a variant.
 *
 * @param options.size - the state size of one encoder direction, which all sizes follow in proportion; for quick trials.
 *   Default 256.
 * @param options.feed - whether the decoder has input feeding. Default: as the variant.
 */
export function g2pModel(
  variant: G2pVariant,
  options: { readonly size?: number | undefined; readonly feed?: boolean | undefined } = {},
): G2pSettings["model"] {
  const { size = base.encoderSize, feed = !withoutFeeding.includes(variant) } = options;
  const scaled = (whole: number): number => Math.max(1, Math.round((whole * size) / base.encoderSize));
  return {
    embeddingSize: scaled(base.embeddingSize),
    encoderSize: size,
    encoderLayers: base.encoderLayers,
    attentionalSize: scaled(base.attentionalSize),
    alignmentSize: scaled(base.alignmentSize),
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
function decoderSize(variant: G2pVariant, feed: boolean): number {
  if (variant === "dot") return 2 * base.encoderSize;
  return (variant === "none" ? 592 : 512) + (feed ? 0 : 48);
}

/**
 * The recipe's settings.
 *
 * @throws HeedError "option" when there are settings of hard attention without it.
 */
export function g2pSettings(variant: G2pVariant, overrides: Partial<Omit<G2pSettings, "variant">> = {}): G2pSettings {
  if (overrides.hard && variant !== "hard")
    throw optionError("g2pSettings", `with ${variant} attention there must be no settings of hard attention`, "some");
  return {
    variant,
    model: g2pModel(variant),
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
    ...(variant === "hard" ? { hard: usualHard } : {}),
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
