// Clipping of gradients by their global norm.

import { inputError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { add, div, maximum, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { sqrt } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, mapLeaves, type Tree } from "../../core/tree.ts";

/** Euclidean norm over all leaves of a tree of arrays. */
export function globalNormHost(tree: Tree<NdArray>): number {
  let total = 0;
  for (const [, array] of leaves<NdArray>(tree)) {
    const data = array.data as Float32Array;
    let part = 0;
    for (let i = 0; i < data.length; i++) part += data[i]! * data[i]!;
    total += part;
  }
  return Math.sqrt(total);
}

/** Euclidean norm over all leaves, as a graph: a float32 scalar. */
export function globalNorm(tree: Tree<Tensor>): Tensor {
  const squares = leaves<Tensor>(tree).map(([, g]) => sum(mul(g, g)));
  if (squares.length === 0) throw inputError("globalNorm", "the tree must have at least one leaf", "none");
  return sqrt(squares.reduce((a, b) => add(a, b)));
}

/** Gradients scaled so that their global norm is at most `limit`. Source: Pascanu, Mikolov and Bengio 2013 (arXiv:1211.5063). */
export function clipByGlobalNorm(
  grads: Tree<Tensor>,
  limit: number,
): { readonly grads: Tree<Tensor>; readonly norm: Tensor } {
  const norm = globalNorm(grads);
  const scale = div(limit, maximum(norm, limit));
  return { grads: mapLeaves<Tensor, Tensor>(grads, (g) => mul(g, scale)), norm };
}
