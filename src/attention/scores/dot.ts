// Dot-product score (Luong): q · k.

import { bindAxes } from "../../core/axes.ts";
import { shapeError } from "../../core/errors.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { expandDims, squeeze } from "../../core/ops/movement.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { CellConfig, Score } from "../contract.ts";

/**
 * Dot score: query (B, D), keys (B, S, D) -> (B, S). No parameters, and no scaling by 1/sqrt(D).
 *
 * @throws HeedError when the query and the keys differ in size.
 * Source: Luong, Pham and Manning, EMNLP 2015 (arXiv:1508.04025), section 3.1, "dot": the first of the three scores
 *   below eq. 7.
 */
export const dot: Score<Record<never, never>> = {
  name: "dot",
  init(config) {
    requireOneSize("dot", config);
    return {};
  },
  prepare: (_params, keys) => keys,
  score: (_params, query, keys) => dotScore("dot", query, keys),
};

/** Refuses a query of another size than the keys, for scores without a projection of either. */
export function requireOneSize(where: string, { querySize, keySize }: CellConfig): void {
  if (querySize !== keySize)
    throw shapeError(
      where,
      "query and keys must have one size",
      `query ${querySize} and keys ${keySize}`,
      "Use the additive score, or project one of them.",
    );
}

/**
 * The dot products of a query with what it is to meet.
 *
 * @param where - the mechanism's name, for messages.
 * @param query - (B, D). @param keys - (B, S, D), both as projected.
 * @returns (B, S).
 */
export function dotScore(where: string, query: Tensor, keys: Tensor): Tensor {
  bindAxes(where, { query: [query, "B D"], keys: [keys, "B S D"] });
  return squeeze(matmul(keys, expandDims(query, -1)), -1);
}
