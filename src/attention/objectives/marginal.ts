// Exact marginalisation over hard alignments, each step on its own.

import { bindAxes } from "../../core/axes.ts";
import { add, maximum } from "../../core/ops/binary.ts";
import { expandDims, squeeze } from "../../core/ops/movement.ts";
import { less } from "../../core/ops/compare.ts";
import { where } from "../../core/ops/select.ts";
import { logSumExp } from "../../core/ops/softmax.ts";
import { neg } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { checkParams } from "../../nn/checks.ts";
import { emptyRows, finiteLog, logOfZero } from "../selections/categorical.ts";
import { counted, metricsOf, perStep, stepCounts } from "./average.ts";
import type { PositionObjective, PositionSteps } from "./contract.ts";

/** What a sum over positions needs. */
export interface PositionTerms {
  /** float32 (B, U, S): the distributions, 0 at blocked positions. */
  readonly masses: Tensor;
  /** float32 (B, U, S): log alpha_t(s), `logOfZero` at blocked positions and where the probability counts as 0. */
  readonly logAlpha: Tensor;
  /** float32 (B, U, S): log p(y_t | s), 0 at blocked positions, no lower than `logOfZero`. */
  readonly logLikelihoods: Tensor;
  /** bool (B, U): steps that may look nowhere. */
  readonly empty: Tensor;
}

/** Checks what a decoder handed in; what stands at blocked positions has no influence from here on. */
export function positionTerms(name: string, given: PositionSteps): PositionTerms {
  checkParams(name, given, ["distributions", "logLikelihoods"], "steps");
  const { distributions, logLikelihoods, mask = null, steps = null, posteriors } = given;
  bindAxes(name, {
    distributions: [distributions, "B U S"],
    logLikelihoods: [logLikelihoods, "B U S"],
    ...(mask ? { mask: [mask, "B S"] as const } : {}),
    ...(steps ? { steps: [steps, "B U"] as const } : {}),
    ...(posteriors ? { posteriors: [posteriors, "B U S"] as const } : {}),
  });
  const allow = (x: Tensor): Tensor => (mask ? where(expandDims(mask, 1), x, 0) : x);
  const masses = allow(distributions);
  return {
    masses,
    logAlpha: finiteLog(masses),
    logLikelihoods: maximum(allow(logLikelihoods), logOfZero),
    empty: squeeze(emptyRows(masses), -1),
  };
}

/** `x`, and -Infinity without gradient where it is the logarithm of 0. */
export function honestLog(x: Tensor): Tensor {
  return where(less(x, logOfZero / 10), -Infinity, x);
}

/**
 * log p(y_t | y_<t, x) of each step, (B, U): log sum_s alpha_t(s) p(y_t | y_<t, s), in log space.
 *
 * A step that may look nowhere gives 0; one that is impossible from every position -Infinity, without gradient.
 */
export function marginalLogLikelihood(given: PositionSteps): Tensor {
  const { logAlpha, logLikelihoods, empty } = positionTerms("marginal", given);
  return where(empty, 0, honestLog(logSumExp(add(logAlpha, logLikelihoods))));
}

/**
 * The negative log-likelihood with the alignment summed out exactly: -1/N sum_{b,t} log sum_s alpha_t(s) p(y_t | s), over
 * the N steps that count. Axes: B batch, U steps, S positions. Steps are independent given the target's prefix, so the sum
 * over all S^U alignments is a product of U sums: a neural IBM Model 1.
 *
 * The decoder's state must not depend on the choice: no input feeding, the context only in the output. Metrics: `nll`.
 *
 * Source: Wu, Shapiro and Cotterell 2018 (arXiv:1808.10024), the exact marginalisation p(y_i | y_<i, x) =
 *   sum_{a_i} p(a_i | y_<i, x) p(y_i | a_i, y_<i, x). Dictionary: alpha_i(a_i) = distributions, p(y_i | ...) = exp(logLikelihoods).
 *   Differs: their code adds 1e-7 to every attention probability, padding included, and sums probabilities, not logarithms.
 */
export const marginal: PositionObjective<Record<never, never>> = {
  name: "marginal",
  needs: "positions",
  init: () => ({}),
  begin: () => ({}),
  loss(_params, given) {
    const steps = given.steps ?? null;
    const counts = stepCounts(given.distributions, steps);
    const nll = neg(perStep(counted(marginalLogLikelihood(given), steps), counts));
    return { loss: nll, state: {}, metrics: metricsOf({ nll }) };
  },
};
