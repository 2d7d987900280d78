// Embedding: a row of a table for each index.

import type { NdArray } from "../core/ndarray.ts";
import { gather } from "../core/ops/gather.ts";
import type { Rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { checkParams, checkSizes } from "./checks.ts";

/** The table, (count, size). */
export type EmbeddingParams<T> = { readonly weight: T };

/** Sizes of an embedding. */
export interface EmbeddingConfig {
  /** Rows: how many indices there are. */
  readonly count: number;
  /** Columns: the size of one vector. */
  readonly size: number;
  /** Standard deviation of the first values. Default 1, as torch's `nn.Embedding` begins. */
  readonly deviation?: number;
}

/** weight (count, size), normal with mean 0. */
export function initEmbedding(config: EmbeddingConfig, rng: Rng): EmbeddingParams<NdArray> {
  checkSizes("initEmbedding", config, ["count", "size"]);
  const { count, size, deviation = 1 } = config;
  return { weight: rng.normal([count, size], deviation) };
}

/**
 * indices (...) int32 -> (..., size). No index stands for padding: mask what padding must not reach.
 *
 * @throws HeedError when the indices are not int32. The CPU refuses an index of `count` or more when it runs; a negative
 *   one is not noticed and counts from the end.
 */
export function embedding(params: EmbeddingParams<Tensor>, indices: Tensor): Tensor {
  checkParams("embedding", params, ["weight"]);
  return gather(params.weight, indices);
}
