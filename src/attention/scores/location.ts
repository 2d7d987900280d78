// Location score (Luong): where to look, from the query alone.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions, optionError, shapeError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import type { Score } from "../contract.ts";

/** The matrix from the query to a score for each position, (Q, longest). */
export type LocationParams<T> = { readonly weight: T };

/** What `location` must be told. */
export interface LocationOptions {
  /** The largest number of positions that a source may have, an integer >= 1. No default: it is a size of the parameters. */
  readonly longest: number;
}

/**
 * Location score: a_t = softmax(W_a h_t). Axes: B batch, S positions, Q query size.
 *
 * h_t is the query (B, Q), W_a `weight` (Q, longest), which begins uniform in ±1/sqrt(Q). A source of S positions takes the
 * first S scores; what stands there has no influence, so that permuting the source does not permute the weights. Positions
 * count from the start of the memory, blocked ones too: with padding on the left a row looks elsewhere.
 *
 * @param options - the largest number of positions.
 * @throws HeedError for an unknown option, a `longest` that is not an integer >= 1, and a source that is longer.
 * Source: Luong, Pham and Manning, EMNLP 2015 (arXiv:1508.04025), eq. 8. Differs: of longer sources they ignore the words
 *   near the end (footnote 6); here they are refused, since nobody would notice. Keep a memory short with its mask, or cut it.
 */
export function location(options: LocationOptions): Score<LocationParams<NdArray>> {
  checkOptions("location", options, ["longest"]);
  const { longest } = options;
  if (!Number.isSafeInteger(longest) || longest < 1)
    throw optionError("location", "longest must be an integer >= 1", String(longest));
  return {
    name: "location",
    init: ({ querySize }, rng) => ({ weight: rng.uniform([querySize, longest], 1 / Math.sqrt(querySize)) }),
    prepare(_params, keys) {
      if (keys.rank === 3 && keys.shape[1]! > longest)
        throw shapeError(
          "location",
          `a source of at most ${longest} positions is required`,
          `keys ${show(keys)} with ${keys.shape[1]}`,
          "Make the score with a larger longest, or cut the source.",
        );
      return keys;
    },
    score({ weight }: LocationParams<Tensor>, query, prepared) {
      const { S } = bindAxes("location", {
        query: [query, "B Q"],
        keys: [prepared, "B S K"],
        weight: [weight, "Q L"],
      });
      // The matrix is cut rather than the scores: positions that are not there cost nothing.
      return matmul(query, sliceAxis(weight, 1, 0, S));
    },
  };
}
