// Scaled dot-product score (Vaswani): q · k / sqrt(D).

import { mul } from "../../core/ops/binary.ts";
import type { Score } from "../contract.ts";
import { dotScore, requireOneSize } from "./dot.ts";

/**
 * Scaled dot score: query (B, D), keys (B, S, D) -> (B, S), the dot score times 1/sqrt(D). No parameters.
 *
 * Of independent elements with mean 0 and variance 1 a dot product has variance D; divided by sqrt(D) it has variance 1, so
 * that the softmax begins away from its flat ends whatever the size. D is the query's size. The query is scaled rather than
 * the scores: it is the smaller of the two for sources longer than D.
 *
 * @throws HeedError when the query and the keys differ in size.
 * Source: Vaswani et al., NeurIPS 2017 (arXiv:1706.03762), eq. 1, for one query and without its projections; with
 *   projections it is `bilinear`, but for the scale.
 */
export const scaledDot: Score<Record<never, never>> = {
  name: "scaledDot",
  init(config) {
    requireOneSize("scaledDot", config);
    return {};
  },
  prepare: (_params, keys) => keys,
  score: (_params, query, keys) => dotScore("scaledDot", mul(query, 1 / Math.sqrt(query.shape.at(-1)!)), keys),
};
