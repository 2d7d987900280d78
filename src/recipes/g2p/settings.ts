// Settings of the grapheme-to-phoneme recipe: one place for every number that decides a run.

import { availableParallelism } from "node:os";
import { optionError } from "../../core/errors.ts";
import { networkSizes, type NetworkSizes } from "./network-sizes.ts";
import type { G2pVariant } from "./variants.ts";

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
  readonly model: NetworkSizes;
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

type Training = Pick<G2pSettings, "epochs" | "batchSize" | "rate" | "warmup" | "weightDecay" | "dropout" | "smoothing">;

/** docs/decisions/0011 and 0015 */
const recurrentTraining: Training = {
  epochs: 22,
  batchSize: 128,
  rate: 2e-3,
  warmup: 300,
  weightDecay: 0.1,
  dropout: 0.35,
  smoothing: 0,
};

/**
 * Larger batches, as Wu, Cotterell and Hulden 2020 (arXiv:2005.10213) found that the Transformer wants for words; how little
 * dropout it wants is in docs/decisions/0016.
 */
const transformerTraining: Training = {
  epochs: 40,
  batchSize: 256,
  rate: 1e-3,
  warmup: 1000,
  weightDecay: 0.1,
  dropout: 0.1,
  smoothing: 0.1,
};

const usualHard: HardSettings = { baseline: "leave-one-out", samples: 4, entropyBonus: 0.01, semiSampling: 0 };

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
    model: networkSizes(variant),
    ...(variant === "transformer" ? transformerTraining : recurrentTraining),
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
