// Additive score (Bahdanau): v · tanh(W q + U k).

import { bindAxes } from "../../core/axes.ts";
import { sizeOf } from "../../core/dtype.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { expandDims, reshape } from "../../core/ops/movement.ts";
import { tanh } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { initLinear, linear, type LinearParams } from "../../nn/linear.ts";
import type { Score } from "../contract.ts";

/** The query's projection with its bias, the key's without, and the vector that reads the score off. */
export type AdditiveParams<T> = { readonly query: LinearParams<T>; readonly key: LinearParams<T>; readonly score: T };

/**
 * Additive score. Axes: B batch, S positions, Q query size, K key size, A alignment size.
 *
 * Parameters: `query` (Q, A) with bias, `key` (K, A), `score` (A, 1).
 *
 * Source: Bahdanau, Cho and Bengio, ICLR 2015 (arXiv:1409.0473), section A.1.2: a(s, h) = v_a^T tanh(W_a s + U_a h).
 *   Differs: `query` has a bias, and which state is the query is the caller's choice.
 */
export const additive: Score<AdditiveParams<NdArray>> = {
  name: "additive",
  init: ({ querySize, keySize, alignmentSize }, rng) => ({
    query: initLinear({ inSize: querySize, outSize: alignmentSize }, rng),
    key: initLinear({ inSize: keySize, outSize: alignmentSize, bias: false }, rng),
    score: rng.uniform([alignmentSize, 1], 1 / Math.sqrt(alignmentSize)),
  }),
  prepare: (params: AdditiveParams<Tensor>, keys) => linear(params.key, keys),
  score(params: AdditiveParams<Tensor>, query, prepared) {
    return additiveScore("additive", params, query, prepared);
  },
};

/**
 * The additive score of a query against what it is to meet.
 *
 * @param where - the mechanism's name, for messages.
 * @param meeting - (B, S, A): the projected keys, and whatever else enters beside them.
 * @returns (B, S).
 */
export function additiveScore(
  where: string,
  params: Pick<AdditiveParams<Tensor>, "query" | "score">,
  query: Tensor,
  meeting: Tensor,
): Tensor {
  const { B, S, A } = bindAxes(where, {
    query: [query, "B Q"],
    keys: [meeting, "B S A"],
    weight: [params.query.weight, "Q A"],
    score: [params.score, "A one"],
  });
  const met = tanh(add(meeting, expandDims(linear(params.query, query), 1))); // (B, S, A)
  return reshape(matmul(reshape(met, [sizeOf([B, S]), A]), params.score), [B, S]);
}
