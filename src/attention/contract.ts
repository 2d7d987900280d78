// The one interface of attention: score x window x normalizer x selection. Axes everywhere: B batch, S source positions,
// Q query size, K key size, V value size.

import type { NdArray } from "../core/ndarray.ts";
import type { Rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Tree } from "../core/tree.ts";

/** What is attended to. */
export interface Memory {
  /** float32 (B, S, K). */
  readonly keys: Tensor;
  /** float32 (B, S, V). */
  readonly values: Tensor;
  /** bool (B, S), true where a position may be attended to; null: everywhere. */
  readonly mask: Tensor | null;
}

/** A memory with what the score computes from the keys alone, made once for all queries. */
export interface PreparedMemory extends Memory {
  readonly prepared: Tensor;
}

/** Sizes that a mechanism is made for. */
export interface CellConfig {
  readonly querySize: number;
  readonly keySize: number;
  /** Size of the space in which query and key meet, where the mechanism has one. */
  readonly alignmentSize: number;
}

/** What a stage keeps of the steps before. Every leaf of the state has B first: searches reorder its rows. */
export interface History {
  /** The state before the first step. */
  begin(memory: PreparedMemory): Tree<Tensor>;
  /** The state after a step that looked with these weights (B, S). */
  next(state: never, weights: Tensor): Tree<Tensor>;
}

/** What every stage of a mechanism has. `P` is a tree of parameters, `{}` for none. */
interface Stage<P> {
  readonly name: string;
  init(config: CellConfig, rng: Rng): P;
  /** For stages that know where the steps before looked. Absent for those that do not. */
  readonly history?: History;
}

/** How well a query fits a key. */
export interface Score<P> extends Stage<P> {
  /** What depends on the keys alone, computed once for all queries. */
  prepare(params: never, keys: Tensor): Tensor;
  /** query (B, Q), prepared keys, state of the steps before -> scores (B, S). */
  score(params: never, query: Tensor, prepared: Tensor, state: Tree<Tensor>): Tensor;
}

/** Which positions a step considers, and how strongly, before and after the scores are normalized. */
export interface Window<P> extends Stage<P> {
  around(params: never, query: Tensor, memory: PreparedMemory, state: Tree<Tensor>): WindowResult;
}

/** What a window gives. */
export interface WindowResult {
  /** bool (B, S): the positions inside; the memory's mask counts besides. */
  readonly inside: Tensor;
  /** float32 (B, S): what the weights are multiplied by, without being normalized again; null for nothing. */
  readonly factors: Tensor | null;
}

/** From scores to how much each position counts: the distribution of a step. */
export interface Normalizer<P> extends Stage<P> {
  /** scores (B, S), mask bool (B, S) or null -> (B, S), 0 at blocked positions. */
  normalize(params: never, scores: Tensor, mask: Tensor | null): Tensor;
}

/** From the distribution to the weights by which the values are summed: all of it, or a choice. */
export interface Selection<P> extends Stage<P> {
  select(params: never, step: SelectionStep): SelectionResult;
}

/** What a selection is given. */
export interface SelectionStep {
  /** float32 (B, S), from the normalizer and the window. */
  readonly distribution: Tensor;
  /** bool (B, S) or null: the memory's mask and the window. */
  readonly mask: Tensor | null;
  readonly state: Tree<Tensor>;
  /** Random key, int32[2]; null while evaluating, when stochastic selections choose the likeliest. */
  readonly key: Tensor | null;
}

/** What a selection gives. */
export interface SelectionResult {
  /** float32 (B, S): what the values are weighed by. */
  readonly weights: Tensor;
  /** For selections that choose: the position chosen, int32 (B), or several, int32 (B, N). */
  readonly sample?: Tensor;
  /** For selections that choose: log-probability of the choice in nats, float32 (B). */
  readonly logProb?: Tensor;
  /** For selections that choose: entropy of the distribution in nats, float32 (B). */
  readonly entropy?: Tensor;
}

/** What one attention gives. */
export interface AttentionResult extends SelectionResult {
  /** float32 (B, V): the sum of the values by the weights. */
  readonly context: Tensor;
  /** float32 (B, S): what the weights were selected from; the weights themselves, where all of it is selected. */
  readonly distribution: Tensor;
  /** What the next step needs to know of this one, stage by stage; `{}` for mechanisms without a history. */
  readonly state: Tree<Tensor>;
}

/** A complete mechanism. */
export interface AttentionCell {
  readonly score: Score<Tree<NdArray>>;
  /** Default: every position. */
  readonly window?: Window<Tree<NdArray>>;
  readonly normalizer: Normalizer<Tree<NdArray>>;
  readonly selection: Selection<Tree<NdArray>>;
}

/** Parameters of a cell, stage by stage; `{}` for a stage without any. */
export type CellParams<T> = {
  readonly score: Tree<T>;
  readonly window: Tree<T>;
  readonly normalizer: Tree<T>;
  readonly selection: Tree<T>;
};
