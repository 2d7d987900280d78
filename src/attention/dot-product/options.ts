// The options of scaled dot-product attention.

import type { Tensor } from "../../core/tensor.ts";
import type { EmptyRows } from "../masks/empty-rows.ts";
import type { Mask } from "../masks/mask.ts";
import type { Lowering } from "./lowering.ts";
import type { RowNormalizer, ScoreMod } from "./rules.ts";

/** What is attended, and how. Axes: B batch, T queries, S keys, H heads, G heads of keys and values, D head size, E value size. */
export interface AttentionOptions {
  /** float32 (B, T, H, D). */
  readonly query: Tensor;
  /** float32 (B, S, G, D); H must be a multiple of G, and head h of the queries reads head floor(h G / H) of the keys. */
  readonly keys: Tensor;
  /** float32 (B, S, G, E). */
  readonly values: Tensor;
  /** Which pairs may meet. Default: all. */
  readonly mask?: Mask;
  /** What scores are multiplied by. Default 1 / sqrt(D). */
  readonly scale?: number;
  /** Scores become cap · tanh(score / cap), before bias and mask. Default: none. */
  readonly softCap?: number;
  /** A function on scaled scores, before bias and mask. Default: none. */
  readonly scoreMod?: ScoreMod;
  /** What a query gets that may look at nothing. Default `zero`. */
  readonly emptyRows?: EmptyRows;
  /** Instead of the softmax, for instance `sparsemax`. */
  readonly normalize?: RowNormalizer;
  /** Dropout of weights; `key: null` for none, as while evaluating. Default: none. */
  readonly dropout?: { readonly rate: number; readonly key: Tensor | null };
  /** Whether a NaN or Infinity in a value is kept from the queries that may not look at it. Default false: weights of 0 times NaN are NaN, as in every fused kernel. */
  readonly guard?: boolean;
  /** The name of this attention; the scope is put in front. Default `attention`. */
  readonly site?: string;
  /** How it is computed. Default: by the rule of `chooseLowering`. */
  readonly lowering?: Lowering;
}

/** The names of all options. */
export const attentionOptions: readonly (keyof AttentionOptions)[] = [
  "query",
  "keys",
  "values",
  "mask",
  "scale",
  "softCap",
  "scoreMod",
  "emptyRows",
  "normalize",
  "dropout",
  "guard",
  "site",
  "lowering",
];
