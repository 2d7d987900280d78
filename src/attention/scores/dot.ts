// Dot-product score (Luong): q · k.

import { bindAxes } from "../../core/axes.ts";
import { shapeError } from "../../core/errors.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { expandDims, squeeze } from "../../core/ops/movement.ts";
import type { Score } from "../contract.ts";

/**
 * Dot score: query (B, D), keys (B, S, D) -> (B, S). No parameters, and no scaling by 1/sqrt(D).
 *
 * @throws HeedError when the query and the keys differ in size.
 * Source: Luong, Pham and Manning, EMNLP 2015 (arXiv:1508.04025), eq. 8, "dot".
 */
export const dot: Score<Record<never, never>> = {
  name: "dot",
  init({ querySize, keySize }) {
    if (querySize !== keySize)
      throw shapeError(
        "dot",
        "query and keys must have one size",
        `query ${querySize} and keys ${keySize}`,
        "Use the additive score, or project one of them.",
      );
    return {};
  },
  prepare: (_params, keys) => keys,
  score(_params, query, keys) {
    bindAxes("dot", { query: [query, "B D"], keys: [keys, "B S D"] });
    return squeeze(matmul(keys, expandDims(query, -1)), -1);
  },
};
