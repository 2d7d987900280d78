// Variational attention: a lower bound of the marginal likelihood, by a posterior that has seen the target.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions } from "../../core/errors.ts";
import { add, mul, sub } from "../../core/ops/binary.ts";
import { expandDims } from "../../core/ops/movement.ts";
import { less } from "../../core/ops/compare.ts";
import { sum } from "../../core/ops/reduce.ts";
import { where } from "../../core/ops/select.ts";
import { log, neg } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { smallestProbability } from "../selections/categorical.ts";
import { counted, metricsOf, perStep, stepCounts } from "./average.ts";
import { required } from "./baselines.ts";
import type { PositionObjective, SampleObjective } from "./contract.ts";
import { positionTerms } from "./marginal.ts";
import { scoreFunction, scoreFunctionOptions, type ScoreFunctionOptions } from "./score-function.ts";

/**
 * KL(q || alpha) = sum_s q(s) log(q(s) / alpha(s)) of each step, exact, in nats: (B, U, S) each -> (B, U).
 *
 * A probability counts as 1e-30 at least, so that a posterior that is wider than its prior costs much, not Infinity, and
 * gradients stay finite. Blocked positions do not count.
 */
export function alignmentKl(posteriors: Tensor, distributions: Tensor, mask: Tensor | null = null): Tensor {
  bindAxes("alignmentKl", {
    posteriors: [posteriors, "B U S"],
    distributions: [distributions, "B U S"],
    ...(mask ? { mask: [mask, "B S"] as const } : {}),
  });
  const allow = (x: Tensor): Tensor => (mask ? where(expandDims(mask, 1), x, 0) : x);
  const q = allow(posteriors);
  const floored = (p: Tensor): Tensor => log(where(less(p, smallestProbability), smallestProbability, p));
  return sum(mul(q, sub(floored(q), floored(allow(distributions)))), -1);
}

/**
 * Variational attention with the expectation over the posterior q by enumeration: the loss is
 *
 *   -1/N sum_{b,t} [ sum_s q_t(s) log p(y_t | s) - KL(q_t || alpha_t) ]  >=  the loss of `marginal`,
 *
 * equal where q is the true posterior alpha_t(s) p(y_t | s) / sum. Axes: B batch, U steps, S positions, N steps that count.
 * Gradients flow to q, to alpha (by the KL alone) and to the log-likelihoods; there is no noise. Needs `posteriors`.
 *
 * Metrics: `bound`, the loss; `nll`, its first part, negative; `kl`.
 *
 * Source: Deng, Kim, Chiu, Guo and Rush 2018 (arXiv:1807.03756), the evidence lower bound with categorical alignments.
 *   Dictionary: q(z; x, y) = posteriors, p(z | x) = D(a) = distributions, f(x, z) = what predicts logLikelihoods.
 */
export const variational: PositionObjective<Record<never, never>> = {
  name: "variational",
  needs: "positions",
  init: () => ({}),
  begin: () => ({}),
  loss(_params, given) {
    const posteriors = required("variational", "posteriors", given.posteriors);
    const { logLikelihoods } = positionTerms("variational", given);
    const { mask = null, steps = null } = given;
    const counts = stepCounts(posteriors, steps);
    const q = mask ? where(expandDims(mask, 1), posteriors, 0) : posteriors;
    const nll = neg(perStep(counted(sum(mul(q, logLikelihoods), -1), steps), counts));
    const kl = perStep(counted(alignmentKl(posteriors, given.distributions, mask), steps), counts);
    const bound = add(nll, kl);
    return { loss: bound, state: {}, metrics: metricsOf({ bound, nll, kl }) };
  },
};

/**
 * Variational attention with a position sampled from the posterior q at each step, for decoders whose state depends on it:
 *
 *   -1/N sum_{b,t} [ log p(y_t | s~) + stop(R_t - b_t) log q_t(s~_t) - KL(q_t || alpha_t) ]  (+ the baseline's own error)
 *
 * The decoder's selection draws from q, so `logProb` is that of q. The gradient is an unbiased estimate of that of
 * `variational`, where that is defined; the KL is exact. Rewards are log-likelihoods, or `reward`; what must be detached
 * is, as in `reinforce`. Needs `posteriors` and `distributions`.
 *
 * Metrics: `bound` (of this sample), `nll`, `kl`, `reward`, `baseline`, `advantage`.
 *
 * Source: Deng et al. 2018 (arXiv:1807.03756), whose REINFORCE has the reward of soft attention as baseline: hand that in
 *   as `greedyReward`, with the baseline `selfCritical`.
 * @throws HeedError when an option is unknown or out of its range.
 */
export function sampledVariational<P = Record<never, never>>(
  options: ScoreFunctionOptions<P> = {},
): SampleObjective<P> {
  checkOptions("sampledVariational", options, ["baseline", "credit"]);
  const { baseline, credit } = scoreFunctionOptions("sampledVariational", options);
  return {
    name: "sampledVariational",
    needs: "sample",
    init: baseline.init,
    begin: baseline.begin,
    loss(params, given, state) {
      const posteriors = required("sampledVariational", "posteriors", given.posteriors);
      const distributions = required("sampledVariational", "distributions", given.distributions);
      const estimate = scoreFunction("sampledVariational", baseline, credit)(params as never, given, state);
      const { steps = null, mask = null } = given;
      const nll = neg(perStep(counted(given.logLikelihood, steps), estimate.counts));
      const kl = perStep(counted(alignmentKl(posteriors, distributions, mask), steps), estimate.counts);
      const bound = add(nll, kl);
      const own = sub(bound, perStep(estimate.learned.score, estimate.counts));
      return {
        loss: estimate.learned.baselineLoss ? add(own, estimate.learned.baselineLoss) : own,
        state: estimate.state,
        metrics: { ...estimate.metrics, ...metricsOf({ bound, nll, kl }) },
      };
    },
  };
}
