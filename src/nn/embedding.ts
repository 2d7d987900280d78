// Embedding: a row of a table for each index.

import type { NdArray } from "../core/ndarray.ts";
import { gather } from "../core/ops/gather.ts";
import type { Rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";

/** The table, (vocabulary, size). */
export type EmbeddingParams<T> = { readonly weight: T };

/** weight (count, size), normal with standard deviation `deviation` (default 1, as torch's `nn.Embedding`). */
export function initEmbedding(
  { count, size, deviation = 1 }: { readonly count: number; readonly size: number; readonly deviation?: number },
  rng: Rng,
): EmbeddingParams<NdArray> {
  return { weight: rng.normal([count, size], deviation) };
}

/** indices (...) int32 -> (..., size). */
export function embedding(params: EmbeddingParams<Tensor>, indices: Tensor): Tensor {
  return gather(params.weight, indices);
}
