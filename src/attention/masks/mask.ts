// What a mask is: a value that says which pairs of query and key may meet, and what is added to their scores. Axes:
// B batch, H heads, T queries, S keys; true = allowed, everywhere.

import type { Tensor } from "../../core/tensor.ts";

/** The sizes of all scores (B, H, T, S), also where only a block of them is computed. */
export interface MaskSizes {
  /** B. */
  readonly batchSize: number;
  /** H, heads of the queries. */
  readonly headCount: number;
  /** T. */
  readonly queryLength: number;
  /** S. */
  readonly keyLength: number;
}

/** The axes of scores by name, in their order. */
export type MaskAxis = "batch" | "head" | "query" | "key";

/** Positions of a block of scores: int32 tensors of four axes that broadcast to the block's (B, H, T, S). */
export interface MaskCoordinates {
  /** (B, 1, 1, 1). */
  readonly batch: Tensor;
  /** (1, H, 1, 1). */
  readonly head: Tensor;
  /** (1, 1, T, 1), or (B, 1, T, 1): absolute positions from 0, so that a block of queries is just other numbers. */
  readonly query: Tensor;
  /** (1, 1, 1, S): absolute positions from 0. */
  readonly key: Tensor;
  /** The axes on which the positions are 0, 1, 2 ... up to the size: stored masks are read there without a gather. Default none. */
  readonly whole?: readonly MaskAxis[];
}

/** What fused kernels need to know of a mask: rules that they have built in, and that every allowed pair obeys. */
export interface MaskStructure {
  /** The offset of a causal rule, key <= query + offset; null for none. */
  readonly causal: number | null;
  /** int32 (B), each in 0..S: keys at and past a row's length are blocked; null for none. */
  readonly lengths: Tensor | null;
  /** Whether the mask is exactly these two rules: it blocks nothing else, and adds nothing to the scores. */
  readonly exact: boolean;
}

/** Whether a pair may meet; `depends` where the values are known only when the graph runs. */
export type Verdict = boolean | "depends";

/** What one rule says of a pair. */
export interface RuleVerdict {
  readonly rule: string;
  readonly allowed: Verdict;
  /** A sentence with the numbers that decided it. */
  readonly why: string;
}

/** What a mask says of a pair, rule by rule. */
export interface MaskVerdict {
  readonly allowed: Verdict;
  readonly rules: readonly RuleVerdict[];
}

/** What `explain` may be told. */
export interface ExplainOptions {
  /** Default 0. */
  readonly batch?: number;
  /** Default 0. */
  readonly head?: number;
  /** Sizes of the scores: positions are then checked against them. Needed by masks that are aligned at the end. */
  readonly sizes?: MaskSizes;
}

/**
 * Which pairs of query and key may meet, and what is added to their scores.
 *
 * A mask knows no tensor of scores: it is asked for a block of them, by coordinates, so that a lowering that computes the
 * scores in blocks asks for one block at a time.
 */
export interface Mask {
  /** As messages and `explain` show it. */
  readonly name: string;
  /** Whether `bias` may give something. Such a mask has no negation and no union. */
  readonly addsBias: boolean;
  /** The masks whose conjunction this one is, for those that take them one by one. Default: it is none. */
  readonly parts?: readonly Mask[];
  /** bool, four axes, broadcastable to the block: true = may meet; null: everything may. */
  allowed(at: MaskCoordinates, sizes: MaskSizes): Tensor | null;
  /** float32, four axes, broadcastable to the block, to be added to the scores; null for none. */
  bias(at: MaskCoordinates, sizes: MaskSizes): Tensor | null;
  /**
   * Keys `from` (included) to `to` (excluded) outside of which all are surely blocked for that query, in every row and
   * head: `0 <= from <= to <= S`. Keys inside may be blocked too. Known on the host, so that a lowering may skip tiles.
   */
  keyRange(query: number, sizes: MaskSizes): readonly [from: number, to: number];
  /** Whether every key inside of `keyRange` is allowed, in every row and head. Default: it is not known. */
  readonly exactRange?: boolean;
  /** bool (B, S), false only where this mask blocks a key for every query and head, as it does padding; null: unknown, or none. */
  keys(sizes: MaskSizes): Tensor | null;
  /** What fused kernels need to know. */
  structure(sizes: MaskSizes): MaskStructure;
  /** @throws HeedError naming tensors and axes when the mask cannot apply to scores of these sizes. */
  check(sizes: MaskSizes): void;
  /**
   * Says which rules allow a pair and which block it; for masks made from host arrays with their present values.
   *
   * @throws HeedError for a position that is none, or when the sizes are needed and not given.
   */
  explain(query: number, key: number, options?: ExplainOptions): MaskVerdict;
}
