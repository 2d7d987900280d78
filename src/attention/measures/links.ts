// Links of an alignment: which source position belongs to which target position, and links from weights.

import { checkOptions, optionError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { checkHeadReduction, reduceHeads, type HeadReduction } from "./heads.ts";
import { hostLengths, hostWeights } from "./weights.ts";

/** A source position (a key) and a target position (a query), from 0. */
export type Link = readonly [source: number, target: number];

/** How weights become links. */
export interface LinkOptions {
  /** How the heads become one matrix. Default `mean`. */
  readonly heads?: HeadReduction;
  /** Links every pair whose weight is at least this, > 0. Default: each target to its heaviest source, the first of equals. */
  readonly threshold?: number;
  /** How many queries of each row of the batch are real. Default all. */
  readonly queryLengths?: readonly number[];
  /** How many keys of each row of the batch are real. Default all. */
  readonly keyLengths?: readonly number[];
}

/**
 * The links that weights say, by target and then by source.
 *
 * A target whose weights are all 0, as with an empty mask, has no link. NaN links nothing.
 *
 * @param weights - float32 (B, H, T, S): queries are targets, keys are sources.
 * @returns a list of links for each row of the batch.
 * @throws HeedError when a length or an option is out of range.
 */
export function linksOf(weights: NdArray, options: LinkOptions = {}): readonly (readonly Link[])[] {
  const where = "linksOf";
  checkOptions(where, options, ["heads", "threshold", "queryLengths", "keyLengths"]);
  const { heads = "mean", threshold } = options;
  checkHeadReduction(where, heads);
  if (threshold !== undefined && !(threshold > 0 && threshold < Infinity))
    throw optionError(where, "threshold must be a finite number > 0", String(threshold));
  const host = hostWeights(where, "weights", weights);
  const { batchSize, queryLength: T, keyLength: S } = host.sizes;
  const queries = hostLengths(where, "queryLengths", options.queryLengths, batchSize, T);
  const keys = hostLengths(where, "keyLengths", options.keyLengths, batchSize, S);
  const matrices = reduceHeads(host, heads);
  return queries.map((length, b) =>
    Array.from({ length }, (_, t): readonly Link[] => {
      const row = matrices.subarray((b * T + t) * S, (b * T + t) * S + keys[b]!);
      if (threshold !== undefined) return [...row].flatMap((w, s): Link[] => (w >= threshold ? [[s, t]] : []));
      const heaviest = row.reduce((best, w) => (w > best ? w : best), 0);
      return heaviest > 0 ? [[row.indexOf(heaviest), t]] : [];
    }).flat(),
  );
}
