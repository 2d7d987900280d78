// Sums over the keys that each query sees, in chunks: memory grows with the length, not with its square.

import { add } from "../../core/ops/binary.ts";
import { lessEqual } from "../../core/ops/compare.ts";
import { concat } from "../../core/ops/concat.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { reshape, squeeze, transpose } from "../../core/ops/movement.ts";
import { cumsum } from "../../core/ops/order.ts";
import { where } from "../../core/ops/select.ts";
import { pad, sliceAxis } from "../../core/ops/slice.ts";
import { fill, iota } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";

/** Heads first: features of queries (B, H, T, M) and of keys (B, H, S, M), and what is summed (B, H, S, X). */
export interface FeatureRows {
  readonly query: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** The sum over all keys of features times values: (B, H, M, X). */
export function sumOverKeys({ keys, values }: Pick<FeatureRows, "keys" | "values">): Tensor {
  return matmul(transpose(keys), values);
}

/**
 * For query t the sum over keys s <= t of (query_t · key_s) value_s, and before them `initial`: (B, H, T, X).
 *
 * T = S. Inside of a chunk of C steps the products are made and those of later keys left out; what lies before a chunk is
 * one sum, (M, X). So T (C + M X / C) numbers are held for a head.
 *
 * @param initial - (B, H, M, X), what lies before the first key; null for nothing.
 * @returns `sums`, and `final`, (B, H, M, X), the initial sum and that of all keys.
 */
export function prefixSums(
  { query, keys, values }: FeatureRows,
  initial: Tensor | null,
  chunkSize: number,
): { readonly sums: Tensor; readonly final: Tensor } {
  const [B, H, T, M] = query.shape as readonly [number, number, number, number];
  const X = values.shape[3]!;
  const count = Math.max(1, Math.ceil(T / chunkSize));
  const steps = Math.ceil(T / count); // equal chunks, so that little is added at the end
  const chunked = (x: Tensor): Tensor => {
    const padded = count * steps === T ? x : pad(x, [[0, 0], [0, 0], [0, count * steps - T], [0, 0]]); // prettier-ignore
    return reshape(padded, [B, H, count, steps, x.shape[3]!]);
  };
  const [q, k, v] = [chunked(query), chunked(keys), chunked(values)];
  const past = lessEqual(reshape(iota(steps), [1, steps]), reshape(iota(steps), [steps, 1]));
  const inside = matmul(where(past, matmul(q, transpose(k)), 0), v); // (B, H, count, steps, X)
  const own = matmul(transpose(k), v); // (B, H, count, M, X)
  const first = initial ? reshape(initial, [B, H, 1, M, X]) : fill([B, H, 1, M, X], 0);
  const before = cumsum(concat([first, sliceAxis(own, 2, 0, count - 1)], 2), 2);
  const sums = count === 1 && !initial ? inside : add(inside, matmul(q, before));
  const last = (x: Tensor): Tensor => squeeze(sliceAxis(x, 2, count - 1, count), 2);
  return {
    sums: sliceAxis(reshape(sums, [B, H, count * steps, X]), 2, 0, T),
    final: add(last(before), last(own)),
  };
}
