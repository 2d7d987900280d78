// The options of generation, checked where they are given.

import { checkOptions, inputError, optionError } from "../../core/errors.ts";
import type { LanguageModelConfig } from "./config.ts";
import { checkSampleOptions, sampleOptions, type SampleOptions } from "./sample.ts";

/** How texts are continued. */
export interface GenerateOptions extends SampleOptions {
  /** Symbols added to each prompt at most, an integer >= 1. Default 64, or what learned positions leave where that is less. */
  readonly maxLength?: number;
  /** The symbol that ends a text; it is not among the ids. Default: none, texts have `maxLength` symbols. */
  readonly stop?: number;
  /**
   * Required where the temperature is above 0: a seed for each prompt, or one, which prompt i raises by i. A draw is a function
   * of the prompt's seed and the step alone, so that neighbours never change a text.
   */
  readonly seed?: number | readonly number[];
  /** Stops between two steps. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of one generation with their defaults. */
export interface Generation {
  readonly maxLength: number;
  readonly stop: number | null;
  /** One for each prompt; null where nothing is drawn. */
  readonly seeds: readonly number[] | null;
  readonly sample: SampleOptions;
  readonly signal: AbortSignal | undefined;
}

/**
 * The options with their defaults, held against model and prompts.
 *
 * @throws HeedError for an option that is unknown or out of range, an empty prompt, ids that the model does not have, and
 *   prompts that would grow beyond its learned positions.
 */
export function checkGeneration(
  { count, positionCount = Infinity }: LanguageModelConfig,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
): Generation {
  const where = "generate";
  checkOptions(where, options, ["maxLength", "stop", "seed", "signal", ...sampleOptions]);
  // The last symbol is never read, so it needs no position.
  const room = positionCount + 1 - Math.max(0, ...prompts.map((prompt) => prompt.length));
  const { maxLength = Math.max(1, Math.min(64, room)), stop, seed, signal, ...sample } = options;
  checkSampleOptions(where, sample);
  if (!Number.isSafeInteger(maxLength) || maxLength < 1)
    throw optionError(where, "maxLength must be an integer >= 1", String(maxLength));
  const isId = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < count;
  if (stop !== undefined && !isId(stop))
    throw optionError(where, `stop must be an id from 0 to ${count - 1}`, String(stop));
  prompts.forEach((prompt, i) => {
    if (prompt.length === 0)
      throw inputError(where, "a prompt must have at least one symbol", `none in prompt ${i}`, "Begin it with a symbol that every text begins with."); // prettier-ignore
    const bad = prompt.find((id) => !isId(id));
    if (bad !== undefined)
      throw inputError(where, `ids of a prompt must be integers from 0 to ${count - 1}`, `${bad} in prompt ${i}`);
    if (prompt.length + maxLength - 1 > positionCount)
      throw inputError(
        where,
        `prompt and maxLength must find room in ${positionCount} learned positions`,
        `${prompt.length} symbols in prompt ${i} and maxLength ${maxLength}`,
      );
  });
  return { maxLength, stop: stop ?? null, seeds: seedsOf(where, sample, seed, prompts.length), sample, signal };
}

function seedsOf(
  where: string,
  { temperature = 1 }: SampleOptions,
  seed: GenerateOptions["seed"],
  count: number,
): readonly number[] | null {
  if (temperature === 0) return null;
  if (seed === undefined)
    throw optionError(where, "seed must be given where the temperature is above 0", "none", "Temperature 0 is greedy.");
  const seeds = typeof seed === "number" ? Array.from({ length: count }, (_, i) => seed + i) : seed;
  if (seeds.length !== count)
    throw optionError(where, `seed must be one number, or one for each of ${count} prompts`, `${seeds.length} numbers`);
  const bad = seeds.find((s) => !Number.isSafeInteger(s) || s < 0);
  if (bad !== undefined) throw optionError(where, "seeds must be integers from 0 to 2^53 - 1", String(bad));
  return seeds;
}
