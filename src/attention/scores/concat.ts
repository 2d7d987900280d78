// Concat score (Luong): v · tanh(W [q; k]).

import type { NdArray } from "../../core/ndarray.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Score } from "../contract.ts";
import { additive, additiveScore } from "./additive.ts";

/** The rows of W that meet the query, those that meet the key, and the vector that reads the score off. */
export type ConcatParams<T> = {
  readonly query: { readonly weight: T };
  readonly key: { readonly weight: T };
  readonly score: T;
};

/**
 * Concat score: v_a^T tanh(W_a [h_t; h_s]). Axes: B batch, S positions, Q query size, K key size, A alignment size.
 *
 * h_t is the query (B, Q), h_s a key (B, S, K). W_a (Q + K, A) is kept as its two blocks of rows, `query.weight` (Q, A) and
 * `key.weight` (K, A); v_a is `score` (A, 1). Since W [q; k] = W_q q + W_k k, nothing is concatenated, and the keys' part is
 * computed once for all queries: it is the additive score without a bias. What is its own is where it begins, the blocks
 * as one matrix: both uniform in ±1/sqrt(Q + K), and v_a in ±1/sqrt(A).
 *
 * @throws HeedError when the query or the keys have another size than the matrices.
 * Source: Luong, Pham and Manning, EMNLP 2015 (arXiv:1508.04025), section 3.1, "concat": the third of the three scores
 *   below eq. 7.
 */
export const concat: Score<ConcatParams<NdArray>> = {
  name: "concat",
  init({ querySize, keySize, alignmentSize }, rng) {
    const limit = 1 / Math.sqrt(querySize + keySize);
    return {
      query: { weight: rng.uniform([querySize, alignmentSize], limit) },
      key: { weight: rng.uniform([keySize, alignmentSize], limit) },
      score: rng.uniform([alignmentSize, 1], 1 / Math.sqrt(alignmentSize)),
    };
  },
  prepare: additive.prepare,
  score: (params: ConcatParams<Tensor>, query, prepared) => additiveScore("concat", params, query, prepared),
};
