// Coverage: how much each source position was attended to over all steps.

import { checkOptions, optionError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { checkHeadReduction, reduceHeads, type HeadReduction } from "./heads.ts";
import { fromIndex, hostFloats, hostLengths, hostWeights } from "./weights.ts";

/** What counts as attended to too little and too much. */
export interface CoverageOptions {
  /** How the heads become one matrix. Default `mean`. */
  readonly heads?: HeadReduction;
  /** Positions below are under-attended. Default 0.5. */
  readonly under?: number;
  /** Positions above are over-attended; at least `under`. Default 1.5. */
  readonly over?: number;
  /** How many queries of each row of the batch are real. Default all. */
  readonly queryLengths?: readonly number[];
  /** How many keys of each row of the batch are real: padding has coverage, but is never reported. Default all. */
  readonly keyLengths?: readonly number[];
}

/** How rows of the batch covered their sources. */
export type WeightCoverage = {
  /** The sum of the weights over the real queries, float32 (B, S). */
  readonly coverage: NdArray;
  /** Keys of each row whose coverage is below `under`. */
  readonly under: readonly (readonly number[])[];
  /** Keys of each row whose coverage is above `over`. */
  readonly over: readonly (readonly number[])[];
};

/**
 * Coverage of each source position: c_s = sum over t of w(t, s). Where every step looks at one position, it counts the steps
 * that a position got; about 1 each where source and target match one to one.
 *
 * @param weights - float32 (B, H, T, S), as of cross-attention; of steps, `weightsOfSteps`.
 * @throws HeedError when a length or an option is out of range.
 * Source: the coverage of Tu et al. 2016 (arXiv:1601.04811), without fertility.
 */
export function weightCoverage(weights: NdArray, options: CoverageOptions = {}): WeightCoverage {
  const where = "weightCoverage";
  checkOptions(where, options, ["heads", "under", "over", "queryLengths", "keyLengths"]);
  const { heads = "mean", under = 0.5, over = 1.5 } = options;
  checkHeadReduction(where, heads);
  if (!(under >= 0 && over >= under && over < Infinity))
    throw optionError(where, "under and over must be finite, 0 <= under <= over", `under ${under}, over ${over}`);
  const host = hostWeights(where, "weights", weights);
  const { batchSize: B, queryLength: T, keyLength: S } = host.sizes;
  const queries = hostLengths(where, "queryLengths", options.queryLengths, B, T);
  const keys = hostLengths(where, "keyLengths", options.keyLengths, B, S);
  const matrices = reduceHeads(host, heads);
  const sums = new Float64Array(B * S);
  for (let i = 0; i < matrices.length; i++) {
    const b = Math.floor(i / (T * S));
    if (Math.floor(i / S) % T < queries[b]!) sums[b * S + (i % S)]! += matrices[i]!;
  }
  const keysWhere = (is: (covered: number) => boolean): readonly (readonly number[])[] =>
    keys.map((length, b) => Array.from({ length }, (_, s) => s).filter((s) => is(sums[b * S + s]!)));
  return {
    coverage: fromIndex([B, S], (i) => sums[i]!),
    under: keysWhere((covered) => covered < under),
    over: keysWhere((covered) => covered > over),
  };
}

/** How coverage is weighed. */
export interface CoveragePenaltyOptions {
  /** The factor β, >= 0. Default 0.2. */
  readonly beta?: number;
  /** How many keys of each row of the batch are real. Default all. */
  readonly keyLengths?: readonly number[];
}

/**
 * The coverage penalty of a hypothesis, to be added to its score: cp = beta * sum over s of log(min(c_s, 1)). At most 0;
 * -Infinity where a real position has no weight at all (and 0 for beta 0).
 *
 * Other programs have other penalties under this name: OpenNMT's `summary` is one of max(c_s, 1).
 *
 * @param coverage - float32 (B, S), as `weightCoverage` gives it.
 * @returns float32 (B).
 * @throws HeedError when a length or an option is out of range.
 * Source: Wu et al. 2016 (arXiv:1609.08144), section 7, eq. 14: cp(X; Y).
 */
export function coveragePenalty(coverage: NdArray, options: CoveragePenaltyOptions = {}): NdArray {
  const where = "coveragePenalty";
  checkOptions(where, options, ["beta", "keyLengths"]);
  const { beta = 0.2 } = options;
  if (!(beta >= 0 && beta < Infinity)) throw optionError(where, "beta must be a finite number >= 0", String(beta));
  const data = hostFloats(where, "coverage", coverage, "B S");
  const [B, S] = coverage.shape as readonly [number, number];
  const keys = hostLengths(where, "keyLengths", options.keyLengths, B, S);
  return fromIndex([B], (b) => {
    let penalty = 0;
    for (let s = 0; s < keys[b]!; s++) penalty += Math.log(Math.min(data[b * S + s]!, 1));
    return beta === 0 ? 0 : beta * penalty;
  });
}
