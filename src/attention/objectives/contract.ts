// What a decoder's loss accepts beside cross-entropy: objectives that know of the alignment. Axes everywhere: B batch,
// U target positions (steps), S source positions, F features.

import type { NdArray } from "../../core/ndarray.ts";
import type { Rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { MapTree, Tree } from "../../core/tree.ts";

/**
 * How a decoder is trained through its alignment. `P` is a tree of parameters, `{}` for none.
 *
 * `needs` says what the decoder hands in: what it would predict from every position, or the run that it sampled.
 */
export type AlignmentObjective<P = unknown> = PositionObjective<P> | SampleObjective<P>;

/** An objective that sums over the positions instead of sampling. The decoder's state must not depend on the choice. */
export interface PositionObjective<P = unknown> extends Objective<P> {
  readonly needs: "positions";
  loss(params: TensorsOf<P>, given: PositionSteps, state: Tree<Tensor>): ObjectiveResult;
}

/** An objective that learns from sampled alignments. */
export interface SampleObjective<P = unknown> extends Objective<P> {
  readonly needs: "sample";
  loss(params: TensorsOf<P>, given: SampledSteps, state: Tree<Tensor>): ObjectiveResult;
}

/** The parameters as a graph has them; nothing fits where it is not known which they are. */
type TensorsOf<P> = unknown extends P ? never : MapTree<P, NdArray, Tensor>;

interface Objective<P> {
  readonly name: string;
  /** What the objective itself learns, drawn from `rng`. */
  init(rng: Rng): P;
  /** The state before the first update; `{}` for none. */
  begin(): Tree<NdArray>;
}

/** What a decoder predicts from every position, step by step. */
export interface PositionSteps {
  /** float32 (B, U, S): the distribution of each step, which sums to 1 over the positions of `mask`. */
  readonly distributions: Tensor;
  /** float32 (B, U, S): log p(y_t | y_<t, the step looks at s), in nats. */
  readonly logLikelihoods: Tensor;
  /** bool (B, S), true where a position may be attended to. Default: everywhere. */
  readonly mask?: Tensor | null;
  /** bool (B, U), true at steps that count. Default: all do. */
  readonly steps?: Tensor | null;
  /** float32 (B, U, S): for `variational`, the inference network's distribution, which has seen the targets. */
  readonly posteriors?: Tensor;
}

/** What a decoder tells of the alignment that it sampled, step by step. */
export interface SampledSteps {
  /** float32 (B, U): log p(y_t | y_<t, the positions sampled so far), in nats. */
  readonly logLikelihood: Tensor;
  /** float32 (B, U): log-probability of each choice; the selection's `logProb`. */
  readonly logProb: Tensor;
  /** float32 (B, U): entropy of what was chosen from; the selection's `entropy`. Needed with an entropy bonus. */
  readonly entropy?: Tensor;
  /** bool (B, U), true at steps that count. Default: all do. */
  readonly steps?: Tensor | null;
  /** float32 (B, U): what the choices are rewarded by. Default: the log-likelihood. No gradient flows through it. */
  readonly reward?: Tensor;
  /** float32 (B, U): for `selfCritical`, the reward of the run that chose the likeliest positions. */
  readonly greedyReward?: Tensor;
  /** float32 (B, U, F): for `learnedBaseline`, what the step knows before it chooses (its query). */
  readonly features?: Tensor;
  /** float32 (B, U, S): for `sampledVariational`, the prior: the model's own distributions. */
  readonly distributions?: Tensor;
  /** float32 (B, U, S): for `sampledVariational`, what was sampled from. */
  readonly posteriors?: Tensor;
  /** bool (B, S): for `sampledVariational`, where a position may be attended to. Default: everywhere. */
  readonly mask?: Tensor | null;
}

/** What an objective gives. */
export interface ObjectiveResult {
  /** Scalar, what is minimised, in nats a step that counts: sums over steps and rows, divided by the number of steps that count in the batch. */
  readonly loss: Tensor;
  /** For the next update; a tree like `begin`'s. No gradient flows through it. */
  readonly state: Tree<Tensor>;
  /** Scalars by name, without gradient; averages over the steps that count. */
  readonly metrics: Readonly<Record<string, Tensor>>;
}
