// General score (Luong): q · W k.

import { transpose } from "../../core/ops/movement.ts";
import type { NdArray } from "../../core/ndarray.ts";
import type { Tensor } from "../../core/tensor.ts";
import { linear } from "../../nn/linear.ts";
import type { Score } from "../contract.ts";
import { dotScore } from "./dot.ts";

/** The matrix between query and key, (Q, K). */
export type GeneralParams<T> = { readonly weight: T };

/**
 * General score: h_t^T W_a h_s. Axes: B batch, S positions, Q query size, K key size.
 *
 * h_t is the query (B, Q), h_s a key (B, S, K), W_a `weight` (Q, K), which begins uniform in ±1/sqrt(K). The keys are
 * projected to the query's size once, W_a h_s (B, S, Q), for all queries; a step is then a dot score.
 *
 * @throws HeedError when the query or the keys have another size than the matrix.
 * Source: Luong, Pham and Manning, EMNLP 2015 (arXiv:1508.04025), section 3.1, "general": the second of the three scores
 *   below eq. 7. As there it has no bias: one on the keys' side would add q · b to every score of a step, which the
 *   softmax takes away, and one on the query's side would be a score of the keys alone.
 */
export const general: Score<GeneralParams<NdArray>> = {
  name: "general",
  init: ({ querySize, keySize }, rng) => ({ weight: rng.uniform([querySize, keySize], 1 / Math.sqrt(keySize)) }),
  prepare: ({ weight }: GeneralParams<Tensor>, keys) => linear({ weight: transpose(weight) }, keys),
  score: (_params, query, prepared) => dotScore("general", query, prepared),
};
