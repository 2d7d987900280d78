// From inputs to heads: projections, normalised and turned to their positions.

import { reshape } from "../../core/ops/movement.ts";
import type { Tensor } from "../../core/tensor.ts";
import { linear, type LinearParams } from "../../nn/linear.ts";
import type { RowPositions } from "../positions/rows.ts";
import type { MultiHeadConfig, MultiHeadSizes } from "./config.ts";
import type { MultiHeadParams } from "./params.ts";

/** Heads of keys (B, S, G, D) and values (B, S, G, E): what queries meet. */
export type HeadMemory<T> = { readonly keys: T; readonly values: T };

/** What the projections are made from. */
export interface HeadInputs {
  /** float32 (B, S, K). */
  readonly keys: Tensor;
  /** float32 (B, S, V). */
  readonly values: Tensor;
}

/** Heads of the queries, (B, T, H, D). */
export function queryHeads(
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  sizes: Required<MultiHeadSizes>,
  query: Tensor,
  positions: RowPositions,
): Tensor {
  const heads = splitHeads(params.query, query, sizes.headCount, sizes.headSize);
  return placed(params, config, "queryNorm", heads, positions);
}

/** Heads of keys and values, (B, S, G, D) and (B, S, G, E). */
export function memoryHeads(
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  sizes: Required<MultiHeadSizes>,
  { keys, values }: HeadInputs,
  positions: RowPositions,
): HeadMemory<Tensor> {
  const { keyHeadCount, headSize, valueHeadSize } = sizes;
  const heads = splitHeads(params.key, keys, keyHeadCount, headSize);
  return {
    keys: placed(params, config, "keyNorm", heads, positions),
    values: splitHeads(params.value, values, keyHeadCount, valueHeadSize),
  };
}

/** x (B, T, N) -> (B, T, count, size). */
function splitHeads(params: LinearParams<Tensor>, x: Tensor, count: number, size: number): Tensor {
  return reshape(linear(params, x), [x.shape[0]!, x.shape[1]!, count, size]);
}

/** Normalised, then turned to their positions. */
function placed(
  params: MultiHeadParams<Tensor>,
  { qkNorm, positions: scheme }: MultiHeadConfig,
  norm: "queryNorm" | "keyNorm",
  heads: Tensor,
  positions: RowPositions,
): Tensor {
  const normal = qkNorm ? qkNorm.normalize((params[norm] ?? {}) as never, heads) : heads;
  return scheme?.turn ? scheme.turn((params.positions ?? {}) as never, normal, positions) : normal;
}
