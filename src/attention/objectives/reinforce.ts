// REINFORCE: learning where to look from how well the sampled run went.

import { checkOptions, optionError } from "../../core/errors.ts";
import { add, mul, sub } from "../../core/ops/binary.ts";
import { neg } from "../../core/ops/unary.ts";
import { counted, metricsOf, perStep } from "./average.ts";
import { required } from "./baselines.ts";
import type { ObjectiveResult, SampleObjective } from "./contract.ts";
import { scoreFunction, scoreFunctionOptions, type ScoreFunctionOptions } from "./score-function.ts";

/** Options of `reinforce`. */
export interface ReinforceOptions<P> extends ScoreFunctionOptions<P> {
  /** Weight lambda_r >= 0 of the reward term; only 1 is unbiased. Default 1. */
  readonly rewardScale?: number;
  /** Weight lambda_e >= 0 of the entropy, in nats a step. Default 0. */
  readonly entropyBonus?: number;
}

/**
 * REINFORCE. Axes: B batch, U steps. The loss is
 *
 *   -1/N sum_{b,t} [ log p(y_t | s~) + lambda_r stop(R_t - b_t) log p(s~_t) + lambda_e H_t ]  (+ the baseline's own error)
 *
 * over the N steps of the batch that count, with R_t the rewards that the choice is credited with. Its gradient is an
 * unbiased estimate of that of the expected -1/N sum log p(y_t | s~) (for lambda_r = 1, lambda_e = 0, rewards that are the
 * log-likelihoods, and a baseline that has not seen the choice: all of ours are such).
 *
 * Rewards, returns and baselines are detached: the only gradients are those of the log-likelihood of the sampled run, of
 * the log-probability of the choices, of the entropy, and the baseline's regression on itself.
 *
 * Metrics: `nll`, `reward`, `baseline`, `entropy` (where given), averages a step; `advantage`, the mean square of R_t - b_t.
 *
 * Source: Williams 1992; Xu et al. 2015 (arXiv:1502.03044), section 4.1. Dictionary: s~_t = sample, lambda_r = rewardScale,
 *   lambda_e = entropyBonus, b = baseline. The authors' code has lambda_r 0.1 and lambda_e 0.002.
 *   Differs: they sum over steps and average over the batch, credit every choice with the whole sequence (`sequence`), and
 *   write the gradient of alpha as -sample / alpha by hand; here it is that of log p at the choice.
 * @throws HeedError when an option is unknown or out of its range.
 */
export function reinforce<P = Record<never, never>>(options: ReinforceOptions<P> = {}): SampleObjective<P> {
  checkOptions("reinforce", options, ["baseline", "credit", "rewardScale", "entropyBonus"]);
  const { rewardScale = 1, entropyBonus = 0 } = options;
  for (const [name, value] of Object.entries({ rewardScale, entropyBonus }))
    if (!Number.isFinite(value) || value < 0)
      throw optionError("reinforce", `${name} must be a finite number >= 0`, String(value));
  const { baseline, credit } = scoreFunctionOptions("reinforce", options);
  return {
    name: "reinforce",
    needs: "sample",
    init: baseline.init,
    begin: baseline.begin,
    loss(params, given, state): ObjectiveResult {
      const {
        learned,
        state: next,
        metrics,
        counts,
      } = scoreFunction("reinforce", baseline, credit)(params as never, given, state);
      const steps = given.steps ?? null;
      const likelihood = perStep(counted(given.logLikelihood, steps), counts);
      const score = perStep(learned.score, counts);
      let loss = neg(add(likelihood, mul(score, rewardScale)));
      if (entropyBonus > 0) required("reinforce", "entropy", given.entropy);
      const entropy = given.entropy ? perStep(counted(given.entropy, steps), counts) : null;
      if (entropy && entropyBonus > 0) loss = sub(loss, mul(entropy, entropyBonus));
      if (learned.baselineLoss) loss = add(loss, learned.baselineLoss);
      return {
        loss,
        state: next,
        metrics: { ...metrics, ...metricsOf({ nll: neg(likelihood), ...(entropy ? { entropy } : {}) }) },
      };
    },
  };
}
