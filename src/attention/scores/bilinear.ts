// Low-rank bilinear score: (q U) · (k V).

import { bindAxes } from "../../core/axes.ts";
import type { NdArray } from "../../core/ndarray.ts";
import type { Tensor } from "../../core/tensor.ts";
import { initLinear, linear, type LinearParams } from "../../nn/linear.ts";
import type { Score } from "../contract.ts";
import { dotScore } from "./dot.ts";

/** The projections of query and key into the space in which they meet; neither has a bias. */
export type BilinearParams<T> = { readonly query: LinearParams<T>; readonly key: LinearParams<T> };

/**
 * Low-rank bilinear score: x^T U V^T y. Axes: B batch, S positions, Q query size, K key size, A alignment size.
 *
 * x is the query (B, Q), y a key (B, S, K), U `query` (Q, A), V `key` (K, A). The keys are projected once, y V (B, S, A).
 *
 * It is the general score with W = U V^T: of a rank of at most A, with A (Q + K) parameters for Q K, and A rather than Q
 * multiplications a position and step. With A >= min(Q, K) it can be every general score; with A < min(Q, K) it cannot.
 * Descent takes another path in any case, since it moves the factors and not their product.
 *
 * @throws HeedError when the query or the keys have another size than the matrices.
 * Source: Pirsiavash, Ramanan and Fowlkes, NeurIPS 2009, "Bilinear classifiers for visual recognition", who write the
 *   matrix of a bilinear form as a product of two of lower rank; as a score of attention Kim, Jun and Zhang, NeurIPS 2018
 *   (arXiv:1805.07932), section 2. It is one head of Vaswani et al. 2017 (arXiv:1706.03762), section 3.2.2, without the
 *   scale 1/sqrt(A). Differs: Kim et al. have a weight on each of the A products besides, which U can take in.
 */
export const bilinear: Score<BilinearParams<NdArray>> = {
  name: "bilinear",
  init: ({ querySize, keySize, alignmentSize }, rng) => ({
    query: initLinear({ inSize: querySize, outSize: alignmentSize, bias: false }, rng),
    key: initLinear({ inSize: keySize, outSize: alignmentSize, bias: false }, rng),
  }),
  prepare: (params: BilinearParams<Tensor>, keys) => linear(params.key, keys),
  score(params: BilinearParams<Tensor>, query, prepared) {
    bindAxes("bilinear", {
      query: [query, "B Q"],
      keys: [prepared, "B S A"],
      weight: [params.query.weight, "Q A"],
    });
    return dotScore("bilinear", linear(params.query, query), prepared);
  },
};
