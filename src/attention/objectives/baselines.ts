// Baselines: what a reward is compared with, so that REINFORCE's estimate varies less and stays unbiased.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions, inputError, optionError, shapeError } from "../../core/errors.ts";
import { zeros, type NdArray } from "../../core/ndarray.ts";
import { add, div, maximum, mul, sub } from "../../core/ops/binary.ts";
import { stopGradient } from "../../core/ops/control.ts";
import { reshape, squeeze } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { fill } from "../../core/ops/source.ts";
import type { Rng } from "../../core/random.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import { initLinear, linear, type LinearParams } from "../../nn/linear.ts";
import { meanSquare, perStep } from "./average.ts";
import type { SampledSteps } from "./contract.ts";

/** What a baseline is given. Axes: B batch, U steps. Nothing in it carries a gradient but the decoder's own values. */
export interface BaselineGiven {
  readonly steps: SampledSteps;
  /** float32 (B, U), detached: what each choice is credited with. */
  readonly returns: Tensor;
  /** float32 (B, U), detached: the reward of each step. */
  readonly reward: Tensor;
  /** float32 (B, U): 1 at steps that count. */
  readonly counts: Tensor;
  /** The rewards of steps (B, U) -> what each choice is credited with, as `returns` was made. */
  readonly credit: (reward: Tensor) => Tensor;
}

/** What a baseline gives. */
export interface BaselineResult {
  /** float32 (B, U), compared with the returns; it must not depend on the choice of its own step. It is detached by the caller. */
  readonly baseline: Tensor;
  /** What the baseline itself minimises, a scalar; null for nothing. */
  readonly loss: Tensor | null;
  readonly state: Tree<Tensor>;
}

/** What rewards are compared with. `P` is a tree of parameters, `{}` for none. */
export interface Baseline<P = unknown> {
  readonly name: string;
  init(rng: Rng): P;
  begin(): Tree<NdArray>;
  compare(params: never, given: BaselineGiven, state: Tree<Tensor>): BaselineResult;
}

const stateless = { init: () => ({}), begin: () => ({}) } as const;

/** No baseline: unbiased, and the widest spread. Source: Williams 1992, REINFORCE. */
export const noBaseline: Baseline<Record<never, never>> = {
  ...stateless,
  name: "none",
  compare: (_params, { returns }) => ({ baseline: fill(returns.shape, 0), loss: null, state: {} }),
};

/** The average so far, and the weight that it has: 1 - decay^k after k updates. */
export type MovingAverageState<T> = { readonly total: T; readonly weight: T };

/** Options of `movingAverage`. */
export interface MovingAverageOptions {
  /** How much of the average is kept at an update, 0 <= decay < 1. Default 0.9. */
  readonly decay?: number;
}

/**
 * The average reward a step of the updates before, times the number of steps that a return covers.
 *
 * Its state is handed in and out; the first update has baseline 0.
 *
 * Source: Xu et al. 2015 (arXiv:1502.03044), section 4.1: b_k = 0.9 b_{k-1} + 0.1 log p(y | s~_k, a).
 *   Differs: update k is compared with the average over the updates *before* it, for a baseline that has seen its own
 *   sample biases the estimate; the average is divided by its weight, so that it does not begin near 0; and it is kept a
 *   step rather than a sequence, so that it fits targets of every length.
 * @throws HeedError when `decay` is not in [0, 1), or an option is unknown.
 */
export function movingAverage(options: MovingAverageOptions = {}): Baseline<Record<never, never>> {
  checkOptions("movingAverage", options, ["decay"]);
  const { decay = 0.9 } = options;
  if (!(decay >= 0 && decay < 1)) throw optionError("movingAverage", "decay must lie in 0 <= decay < 1", String(decay));
  return {
    name: "movingAverage",
    init: () => ({}),
    begin: () => ({ total: zeros([]), weight: zeros([]) }) satisfies MovingAverageState<NdArray>,
    compare(_params, { reward, counts, credit }, state) {
      const { total, weight } = state as MovingAverageState<Tensor>;
      // A total of 0 over a weight of 0 is 0.
      const average = div(total, maximum(weight, 1e-6));
      const now = perStep(reward, counts);
      return {
        baseline: mul(credit(counts), average),
        loss: null,
        state: {
          total: add(mul(total, decay), mul(stopGradient(now), 1 - decay)),
          weight: add(mul(weight, decay), 1 - decay),
        } satisfies MovingAverageState<Tensor>,
      };
    },
  };
}

/** Options of `learnedBaseline`. */
export interface LearnedBaselineOptions {
  /** Size F of `features`, an integer >= 1. */
  readonly featureSize: number;
  /** What the regression's mean squared error counts in the loss, a number > 0. Default 1. */
  readonly weight?: number;
}

/**
 * A linear prediction of the return from what the step knew before it chose, fitted by least squares.
 *
 * Parameters: `weight` (F, 1), `bias` (1). The features are detached here, and the prediction where it is compared: the
 * baseline learns from its own error alone, and moves nothing else. The error is averaged over the steps that count.
 *
 * Source: Mnih et al. 2014 (arXiv:1406.6247), recurrent attention: b_t = E[R_t], by reducing the squared error of R_t - b_t.
 * @throws HeedError when `featureSize` or `weight` cannot be, or an option is unknown; when `features` are missing.
 */
export function learnedBaseline(options: LearnedBaselineOptions): Baseline<LinearParams<NdArray>> {
  checkOptions("learnedBaseline", options, ["featureSize", "weight"]);
  const { featureSize, weight = 1 } = (options as LearnedBaselineOptions | undefined) ?? { featureSize: NaN };
  if (!Number.isInteger(featureSize) || featureSize < 1)
    throw optionError("learnedBaseline", "featureSize must be an integer >= 1", String(featureSize));
  if (!(weight > 0 && Number.isFinite(weight)))
    throw optionError("learnedBaseline", "weight must be a finite number > 0", String(weight));
  return {
    name: "learned",
    init: (rng) => initLinear({ inSize: featureSize, outSize: 1 }, rng),
    begin: () => ({}),
    compare(params: LinearParams<Tensor>, { steps, returns, counts }) {
      const features = required("learnedBaseline", "features", steps.features);
      bindAxes("learnedBaseline", {
        logLikelihood: [returns, "B U"],
        features: [features, "B U F"],
        weight: [params.weight, "F one"],
      });
      const baseline = squeeze(linear(params, stopGradient(features)), -1);
      const loss = mul(meanSquare(sub(baseline, returns), counts), weight);
      return { baseline, loss, state: {} };
    },
  };
}

/**
 * The return of the run that chose the likeliest position at every step: choices better than the arg-max are encouraged.
 *
 * Source: Rennie et al. 2017 (arXiv:1612.00563), self-critical sequence training: the reward of the sample less that of the greedy run.
 * @throws HeedError when `greedyReward` is missing.
 */
export const selfCritical: Baseline<Record<never, never>> = {
  ...stateless,
  name: "selfCritical",
  compare(_params, { steps, returns, credit }) {
    const greedy = required("selfCritical", "greedyReward", steps.greedyReward);
    bindAxes("selfCritical", { logLikelihood: [returns, "B U"], greedyReward: [greedy, "B U"] });
    return { baseline: credit(stopGradient(greedy)), loss: null, state: {} };
  },
};

/** Options of `leaveOneOut`. */
export interface LeaveOneOutOptions {
  /** How many samples there are of each example, an integer K >= 2. */
  readonly samples: number;
}

/**
 * The mean return of the other samples of the same example.
 *
 * The rows of the batch are K samples of the first example, then K of the second, and so on, with equal `steps`.
 *
 * Source: Kool, van Hoof and Welling 2019, "Buy 4 REINFORCE samples, get a baseline for free!" (ICLR workshop);
 *   Mnih and Rezende 2016 (arXiv:1602.06725), for the same idea inside a bound.
 * @throws HeedError when `samples` is not an integer >= 2, or does not divide the batch.
 */
export function leaveOneOut(options: LeaveOneOutOptions): Baseline<Record<never, never>> {
  checkOptions("leaveOneOut", options, ["samples"]);
  const { samples: K } = (options as LeaveOneOutOptions | undefined) ?? { samples: NaN };
  if (!Number.isInteger(K) || K < 2)
    throw optionError("leaveOneOut", "samples must be an integer >= 2", String(K), "With one there is no other.");
  return {
    ...stateless,
    name: "leaveOneOut",
    compare(_params, { returns }) {
      const [B, U] = returns.shape as readonly [number, number];
      if (B % K !== 0) throw shapeError("leaveOneOut", `the batch must hold ${K} rows for each example`, show(returns));
      const grouped = reshape(returns, [B / K, K, U]);
      const others = sub(sum(grouped, 1, { keepDims: true }), grouped);
      return { baseline: reshape(mul(others, 1 / (K - 1)), [B, U]), loss: null, state: {} };
    },
  };
}

/** A part of what the decoder hands in that is needed here. */
export function required(where: string, name: string, value: Tensor | null | undefined): Tensor {
  if (value) return value;
  throw inputError(where, `${name} must be handed in`, String(value));
}
