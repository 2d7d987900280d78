// What enters a stack of Transformer layers: embeddings, scaled, with positions where they are added.

import {
  addPositions,
  initLearnedPositions,
  learnedPositions,
  sinusoidal,
} from "../../attention/positions/embedded.ts";
import { optionError, shapeError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { reshape, transpose } from "../../core/ops/movement.ts";
import type { Rng } from "../../core/random.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { embedding, initEmbedding, type EmbeddingParams } from "../../nn/embedding.ts";
import { linear, type LinearParams } from "../../nn/linear.ts";
import type { TransformerLayerConfig } from "./config.ts";

/** The table of symbols (count, N), and that of positions (positionCount, N) where they are learned. */
export type SymbolParams<T> = { readonly symbols: EmbeddingParams<T>; readonly positions?: EmbeddingParams<T> };

/**
 * Symbols normal with deviation 1 / sqrt(N), which the scale of `embedSymbols` makes 1, and which suits an output that is tied;
 * learned positions with 0.02.
 */
export function initSymbols(
  { modelSize: size, positions, positionCount }: TransformerLayerConfig,
  count: number,
  rng: Rng,
): SymbolParams<NdArray> {
  const symbols = initEmbedding({ count, size, deviation: 1 / Math.sqrt(size) }, rng);
  if (positions !== "learned") return { symbols };
  if (positionCount === undefined)
    throw optionError("initSymbols", "positionCount must be given with learned positions", "none");
  return { symbols, positions: initLearnedPositions({ count: positionCount, size }, rng) };
}

/** Where symbols stand: the slot of the first, int32 () or (B), and how many slots there are; default from 0. */
export interface SymbolPlace {
  readonly from: Tensor;
  readonly capacity: number;
}

/**
 * ids int32 (B, T) -> (B, T, N): sqrt(N) times the embedding, plus the positions.
 *
 * @throws HeedError when a learned table has fewer rows than there are positions.
 * Source: Vaswani et al. 2017 (arXiv:1706.03762), sections 3.4 and 3.5.
 */
export function embedSymbols(
  params: SymbolParams<Tensor>,
  { modelSize, positions }: TransformerLayerConfig,
  ids: Tensor,
  place?: SymbolPlace,
): Tensor {
  const x = mul(embedding(params.symbols, ids), Math.sqrt(modelSize)); // (B, T, N)
  const at = place ? { from: place.from } : {};
  const count = place?.capacity ?? ids.shape[1]!;
  if (positions === "sinusoidal") return addPositions(x, sinusoidal(count, modelSize), at);
  if (positions === "rotary") return x;
  const rows = params.positions!.weight.shape[0]!;
  if (count > rows)
    throw shapeError(
      "embedSymbols",
      `there must be at most ${rows} positions, the rows of the learned table`,
      place ? `${count} slots` : show(ids),
    );
  return learnedPositions(params.positions!, x, at);
}

/** hidden (B, T, N) -> logits (B, T, count). @param output - absent where the output is tied to `symbols`. */
export function readSymbols(
  output: LinearParams<Tensor> | undefined,
  symbols: EmbeddingParams<Tensor>,
  hidden: Tensor,
): Tensor {
  if (output) return linear(output, hidden);
  const [B, T, N] = hidden.shape as readonly [number, number, number];
  const logits = matmul(reshape(hidden, [B * T, N]), transpose(symbols.weight)); // (B T, count)
  return reshape(logits, [B, T, symbols.weight.shape[0]!]);
}
