// What every search over the decoder shares: hypotheses, options, and the compiled step it drives.

import { checkOptions, inputError, optionError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import type { DecoderState } from "./model.ts";

/** One decoded target. */
export interface Hypothesis {
  /** Ids without begin and end. */
  readonly target: readonly number[];
  /** Log-probability in nats of the whole target, its end included. */
  readonly logProb: number;
  /** What hypotheses are ranked by: `logProb` divided by the length penalty. */
  readonly score: number;
  /** One row a target symbol and one for the end, over the source positions; empty without attention. */
  readonly weights: readonly (readonly number[])[];
  /** False when decoding stopped at the longest length allowed rather than at an end. */
  readonly complete: boolean;
}

/** The length penalty's exponent where none is given: targets are ordered by their probability. */
export const usualAlpha = 0;

/** How targets are searched for. */
export interface DecodeOptions {
  /** Hypotheses kept a step; 1 is greedy. Default 1. */
  readonly beam?: number;
  /** Hypotheses returned for each source, best first; at most `beam`. Default 1. */
  readonly nbest?: number;
  /** Exponent of the length penalty ((5 + n) / 6)^alpha (Wu et al. 2016, arXiv:1609.08144, eq. 14). Default 0, by probability; greedy ignores it. */
  readonly alpha?: number;
  /** Rows decoded at once, a source taking as many as the beam is wide. Default 256. */
  readonly batchSize?: number;
  /** Stops between two batches. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of a search over one batch. */
export type SearchOptions = Required<Omit<DecodeOptions, "signal">>;

/** What the encoder hands to each step, as arrays. */
export type MemoryArrays = {
  readonly keys: NdArray;
  /** Absent where the keys are the values. */
  readonly values?: NdArray;
  readonly prepared: NdArray;
  readonly mask?: NdArray;
};

/**
 * The compiled halves of a model that a search needs. `S`, the state, and `M`, the memory, are trees of arrays with the rows
 * on axis 0 of every leaf: searches gather them, and know no more of them.
 */
export interface DecoderFunctions<S = DecoderState<NdArray>, M = MemoryArrays | Record<never, never>> {
  /** One step of `rows` hypotheses. The state is given away: a search never goes back to an earlier one. */
  step(
    memory: M,
    previous: NdArray,
    state: S,
  ): Promise<{ readonly logProbs: NdArray; readonly state: S; readonly weights?: NdArray }>;
  /** The longest target allowed for a source of some length. */
  readonly longest: (sourceLength: number) => number;
}

/** One row of attention, cut to the real source. */
export function weightRow(weights: NdArray, row: number, length: number): number[] {
  const width = weights.shape[1]!;
  return Array.from((weights.data as Float32Array).subarray(row * width, row * width + length));
}

/** The options with their defaults. @throws HeedError for one that is unknown or out of range. */
export function checkDecodeOptions(options: DecodeOptions): SearchOptions {
  const where = "decode";
  checkOptions(where, options, ["beam", "nbest", "alpha", "batchSize", "signal"]);
  const { beam = 1, nbest = 1, alpha = usualAlpha, batchSize = 256 } = options;
  for (const [name, value] of Object.entries({ beam, nbest, batchSize }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw optionError(where, `${name} must be an integer >= 1`, String(value));
  if (!(alpha >= 0 && Number.isFinite(alpha))) throw optionError(where, "alpha must be a number >= 0", String(alpha));
  return { beam, nbest: Math.min(nbest, beam), alpha, batchSize };
}

/** Refuses ids outside 0..count-1: the runtime would take a negative one from the end of the table. */
export function checkSources(sources: readonly (readonly number[])[], count: number): void {
  sources.forEach((source, i) => {
    const bad = source.find((id) => !Number.isInteger(id) || id < 0 || id >= count);
    if (bad !== undefined)
      throw inputError("decode", `ids of a source must be integers from 0 to ${count - 1}`, `${bad} in source ${i}`);
  });
}
