// The score-function estimator: how an expected reward depends on what was sampled from.

import { bindAxes } from "../../core/axes.ts";
import { optionError } from "../../core/errors.ts";
import { mul, sub } from "../../core/ops/binary.ts";
import { stopGradient } from "../../core/ops/control.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { cumsum } from "../../core/ops/order.ts";
import { sum } from "../../core/ops/reduce.ts";
import { flip } from "../../core/ops/slice.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import { counted, meanSquare, metricsOf, perStep, stepCounts } from "./average.ts";
import { movingAverage, type Baseline } from "./baselines.ts";
import type { SampledSteps } from "./contract.ts";

/**
 * Which steps' rewards a choice is credited with: `future`, its own and all later ones; `sequence`, all; `step`, its own
 * alone, which is unbiased only where a choice changes nothing later (no input feeding, the context not in the state).
 */
export type Credit = "future" | "sequence" | "step";

const credits: readonly Credit[] = ["future", "sequence", "step"];

/** Options of the score-function estimators. */
export interface ScoreFunctionOptions<P> {
  /** What rewards are compared with. Default `movingAverage()`. */
  readonly baseline?: Baseline<P>;
  /** Default `future`. */
  readonly credit?: Credit;
}

/** The options of an estimator, checked, with its defaults. */
export function scoreFunctionOptions<P>(
  where: string,
  options: ScoreFunctionOptions<P>,
): { readonly baseline: Baseline<P>; readonly credit: Credit } {
  const { baseline = movingAverage() as Baseline<unknown> as Baseline<P>, credit = "future" } = options;
  if (!credits.includes(credit))
    throw optionError(where, `credit must be among ${credits.join(", ")}`, JSON.stringify(credit));
  return { baseline, credit };
}

/** The score function's term, whose value is of no interest and whose gradient is the estimate. */
export interface ScoreFunctionResult {
  readonly learned: {
    /** (B, U): stop(R_t - b_t) log p(s~_t), 0 at steps that do not count. */
    readonly score: Tensor;
    /** Scalar; null where the baseline learns nothing. */
    readonly baselineLoss: Tensor | null;
  };
  readonly counts: Tensor;
  readonly state: Tree<Tensor>;
  readonly metrics: Readonly<Record<string, Tensor>>;
}

/** The score-function estimator of how an expected sum of rewards depends on what was sampled from. */
export function scoreFunction<P>(
  where: string,
  baseline: Baseline<P>,
  credit: Credit,
): (params: never, given: SampledSteps, state: Tree<Tensor>) => ScoreFunctionResult {
  return (params, given, state) => {
    const { logLikelihood, logProb, entropy, steps = null, reward: rewards = logLikelihood } = given;
    bindAxes(where, {
      logLikelihood: [logLikelihood, "B U"],
      logProb: [logProb, "B U"],
      reward: [rewards, "B U"],
      ...(entropy ? { entropy: [entropy, "B U"] as const } : {}),
      ...(steps ? { steps: [steps, "B U"] as const } : {}),
    });
    const counts = stepCounts(logLikelihood, steps);
    const creditOf = (x: Tensor): Tensor => returnsOf(counted(x, steps), credit);
    const reward = stopGradient(counted(rewards, steps));
    const returns = creditOf(reward);
    const compared = baseline.compare(params, { steps: given, returns, reward, counts, credit: creditOf }, state);
    const against = stopGradient(counted(compared.baseline, steps));
    const advantage = counted(sub(returns, against), steps);
    return {
      learned: { score: mul(advantage, counted(logProb, steps)), baselineLoss: compared.loss },
      counts,
      state: compared.state,
      metrics: metricsOf({
        reward: perStep(reward, counts),
        baseline: perStep(against, counts),
        advantage: meanSquare(advantage, counts),
      }),
    };
  };
}

/** Rewards (B, U), 0 at steps that do not count -> what each choice is credited with, (B, U). */
function returnsOf(reward: Tensor, credit: Credit): Tensor {
  if (credit === "step") return reward;
  if (credit === "future") return flip(cumsum(flip(reward, 1), 1), 1);
  return broadcastTo(sum(reward, 1, { keepDims: true }), reward.shape);
}
