// The one interface of attention: score x normalizer x selection.

import type { NdArray } from "../core/ndarray.ts";
import type { Rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Tree } from "../core/tree.ts";

/** What is attended to. Axes: B batch, S source positions, K key size, V value size. */
export interface Memory {
  /** float32 (B, S, K). */
  readonly keys: Tensor;
  /** float32 (B, S, V). */
  readonly values: Tensor;
  /** bool (B, S), true where a position may be attended to; null: everywhere. */
  readonly mask: Tensor | null;
}

/** What one attention gives. */
export interface AttentionResult {
  /** float32 (B, V): the sum of the values, weighted. */
  readonly context: Tensor;
  /** float32 (B, S): how much each position was attended to. */
  readonly weights: Tensor;
  /** What the next step needs to know of this one (coverage, location), every leaf with B first; searches reorder its rows. `{}` for mechanisms without a history. */
  readonly state: Tree<Tensor>;
  /** For stochastic selections: the positions chosen, int32 (B). */
  readonly sample?: Tensor;
  /** For stochastic selections: log-probability of the choice, float32 (B). */
  readonly logProb?: Tensor;
  /** For stochastic selections: entropy of the distribution, nats, float32 (B). */
  readonly entropy?: Tensor;
}

/** Sizes a score is made for. */
export interface ScoreConfig {
  readonly querySize: number;
  readonly keySize: number;
  /** Size of the space in which query and key meet, where the score has one. */
  readonly alignmentSize: number;
}

/** How well a query fits a key. `P` is a tree of parameters. */
export interface Score<P> {
  readonly name: string;
  init(config: ScoreConfig, rng: Rng): P;
  /** What depends on the keys alone, computed once for all queries. */
  prepare(params: never, keys: Tensor): Tensor;
  /** query (B, Q), prepared keys, state of the steps before -> scores (B, S). */
  score(params: never, query: Tensor, prepared: Tensor, state: Tree<Tensor>): Tensor;
  /** For scores that know where the steps before looked. Absent for those that do not. */
  readonly history?: History;
}

/** What a score keeps of the steps before. Every leaf of the state has B first. */
export interface History {
  /** The state before the first step, from the prepared keys (B, S, ...). */
  begin(prepared: Tensor): Tree<Tensor>;
  /** The state after a step that looked with these weights (B, S). */
  next(state: never, weights: Tensor): Tree<Tensor>;
}

/** From scores (B, S) and a mask to weights (B, S). */
export type Normalizer = (scores: Tensor, mask: Tensor | null) => Tensor;

/** From weights and values to a result; the state is the score's affair. */
export type Selection = (weights: Tensor, values: Tensor) => Omit<AttentionResult, "state">;

/** A complete mechanism. */
export interface AttentionCell {
  readonly score: Score<Tree<NdArray>>;
  readonly normalize: Normalizer;
  readonly select: Selection;
}
