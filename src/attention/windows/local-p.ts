// Predictive local window (Luong's local-p): the query says around which position to look.

import { bindAxes } from "../../core/axes.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { add, mul, sub } from "../../core/ops/binary.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { exp, sigmoid, square, tanh } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { initLinear, linear, type LinearParams } from "../../nn/linear.ts";
import type { Window } from "../contract.ts";
import { reachOf, type LocalOptions } from "./local.ts";
import { near, positionsOf, spanOf } from "./span.ts";

/** The query's projection (Q, A) without bias, and the vector (A, 1) that reads the position off. */
export type LocalPParams<T> = { readonly query: LinearParams<T>; readonly position: T };

/**
 * Predictive local window: p_t = S sigma(v_p^T tanh(W_p h_t)), a_t(s) = align(h_t, h_s) exp(-(s - p_t)^2 / (2 sigma^2)),
 * with sigma = D / 2. Axes: B batch, S positions, Q query size, A alignment size.
 *
 * h_t is the query (B, Q), W_p `query` (Q, A), v_p `position` (A, 1), D `reach`; align is the softmax over the positions
 * with |s - p_t| <= D. The Gaussian comes after it and nothing is normalized again: the weights of a step sum to less than 1.
 * p_t is a real number and learns through the Gaussian; which positions lie inside is a choice, which passes no gradient.
 *
 * S is each row's real length where the memory has a mask, and p_t counts from the row's first real position, so that
 * padding on either side changes nothing. s counts from 0. A window always reaches a position of its row; one that falls
 * wholly on blocked positions, which takes a mask with a hole of more than 2 D, gives weights and a context of 0, and
 * finite gradients.
 *
 * @param options - how far the window reaches.
 * @throws HeedError for an unknown option, a reach that is not an integer >= 1, and a query of another size or batch.
 * Source: Luong, Pham and Manning, EMNLP 2015 (arXiv:1508.04025), eq. 9 and 10. Differs: the vector of weights keeps its S
 *   positions, with 0 outside, where theirs has 2 D + 1; they do not say how many rows W_p has, here it is A.
 */
export function localP(options: LocalOptions = {}): Window<LocalPParams<NdArray>> {
  const reach = reachOf("localP", options);
  return {
    name: "localP",
    init: ({ querySize, alignmentSize }, rng) => ({
      query: initLinear({ inSize: querySize, outSize: alignmentSize, bias: false }, rng),
      position: rng.uniform([alignmentSize, 1], 1 / Math.sqrt(alignmentSize)),
    }),
    around(params: LocalPParams<Tensor>, query, memory) {
      const { S } = bindAxes("localP", {
        query: [query, "B Q"],
        keys: [memory.keys, "B S K"],
        weight: [params.query.weight, "Q A"],
        position: [params.position, "A one"],
      });
      const { first, length } = spanOf(memory);
      const share = sigmoid(matmul(tanh(linear(params.query, query)), params.position)); // (B, 1)
      const centre = add(first, mul(length, share));
      const distance = sub(positionsOf(S), centre); // (B, S)
      // 2 sigma^2 = D^2 / 2.
      return { inside: near(centre, reach, S), factors: exp(mul(square(distance), -2 / reach ** 2)) };
    },
  };
}
