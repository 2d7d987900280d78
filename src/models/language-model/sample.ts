// Choosing one symbol from a model's logits: temperature, top-k, top-p. Plain functions on the host.

import { checkOptions, inputError, optionError } from "../../core/errors.ts";

/** How a symbol is chosen. The three apply in this order. */
export interface SampleOptions {
  /** Logits are divided by it, >= 0. 0 is greedy: the likeliest symbol, the first of equal ones. Default 1. */
  readonly temperature?: number;
  /** Only the k likeliest symbols stay, an integer >= 1; of equal ones the first. Default: all. */
  readonly topK?: number;
  /**
   * Only the fewest likeliest symbols stay whose probability adds up to at least this, 0 < topP <= 1, after top-k has made its
   * choice; at least one. 1 keeps all. Default 1.
   */
  readonly topP?: number;
}

/** The members of `SampleOptions`. */
export const sampleOptions = ["temperature", "topK", "topP"] as const;

/** What may be chosen: symbols, the likeliest first, and their probabilities, which sum to 1. */
export interface Choices {
  readonly ids: readonly number[];
  readonly probabilities: readonly number[];
}

/** Refuses options that no distribution can have. */
export function checkSampleOptions(where: string, { temperature = 1, topK, topP = 1 }: SampleOptions): void {
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    throw optionError(where, "temperature must be a finite number >= 0", String(temperature));
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    throw optionError(where, "topK must be an integer >= 1", String(topK), "Leave it out to keep all symbols.");
  if (!(topP > 0 && topP <= 1))
    throw optionError(where, "topP must lie in 0 < topP <= 1", String(topP), "1 keeps all symbols.");
}

/**
 * The distribution that `sampleFrom` draws from.
 *
 * @param logits - V numbers; -Infinity is a symbol that cannot be.
 * @throws HeedError for an option out of range, and logits that are NaN or Infinity, or all -Infinity.
 * Source: top-k Fan, Lewis and Dauphin 2018 (arXiv:1805.04833), section 5.2; top-p, the nucleus, Holtzman et al. 2020
 *   (arXiv:1904.09751), section 3.1.
 */
export function choicesOf(logits: ArrayLike<number>, options: SampleOptions = {}): Choices {
  const where = "sampleFrom";
  checkOptions(where, options, sampleOptions);
  checkSampleOptions(where, options);
  const { temperature = 1, topK = Infinity, topP = 1 } = options;
  const all = Array.from({ length: logits.length }, (_, id) => id);
  const odd = all.find((id) => !(logits[id]! < Infinity));
  if (odd !== undefined)
    throw inputError(where, "logits must be finite numbers or -Infinity", `${logits[odd]} of symbol ${odd}`);
  const possible = all.filter((id) => logits[id]! > -Infinity);
  if (possible.length === 0)
    throw inputError(where, "some symbol must be possible", `${logits.length} logits without a finite one`);
  // The sort keeps the order of equal ones.
  const ids = possible.sort((a, b) => logits[b]! - logits[a]!).slice(0, temperature === 0 ? 1 : topK);
  if (temperature === 0) return { ids, probabilities: [1] };
  const largest = logits[ids[0]!]!;
  const weights = ids.map((id) => Math.exp((logits[id]! - largest) / temperature));
  const kept = nucleus(weights, topP);
  const total = sum(weights.slice(0, kept));
  return { ids: ids.slice(0, kept), probabilities: weights.slice(0, kept).map((w) => w / total) };
}

/**
 * One symbol drawn from logits.
 *
 * @param random - a number from 0 to below 1: the symbol at that share of the distribution, the likeliest first.
 * @throws HeedError as `choicesOf`, and for another `random`.
 */
export function sampleFrom(logits: ArrayLike<number>, options: SampleOptions, random: number): number {
  if (!(random >= 0 && random < 1))
    throw inputError("sampleFrom", "random must lie in 0 <= random < 1", String(random));
  const { ids, probabilities } = choicesOf(logits, options);
  let passed = 0;
  const at = probabilities.findIndex((p) => (passed += p) > random);
  // Rounded sums may end a little below 1.
  return ids[at < 0 ? ids.length - 1 : at]!;
}

/** How many of the first weights make up a share of all; falling weights. */
function nucleus(weights: readonly number[], share: number): number {
  if (share === 1) return weights.length;
  const wanted = share * sum(weights);
  let passed = 0;
  const last = weights.findIndex((w) => (passed += w) >= wanted);
  return last < 0 ? weights.length : last + 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
