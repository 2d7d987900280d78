// Exact marginalisation over monotonic alignments, by the forward algorithm.

import { checkOptions, optionError } from "../../core/errors.ts";
import { add, sub } from "../../core/ops/binary.ts";
import { and, less, lessEqual, or } from "../../core/ops/compare.ts";
import { concat, stack } from "../../core/ops/concat.ts";
import { broadcastTo, expandDims, transpose } from "../../core/ops/movement.ts";
import { cumsum } from "../../core/ops/order.ts";
import { scan } from "../../core/ops/scan.ts";
import { cast, where } from "../../core/ops/select.ts";
import { flip, sliceAxis } from "../../core/ops/slice.ts";
import { logSumExp } from "../../core/ops/softmax.ts";
import { fill, iota } from "../../core/ops/source.ts";
import { sum } from "../../core/ops/reduce.ts";
import { neg } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { finiteLog, logOfZero } from "../selections/categorical.ts";
import { metricsOf, perStep, stepCounts } from "./average.ts";
import type { PositionObjective, PositionSteps } from "./contract.ts";
import { honestLog, positionTerms } from "./marginal.ts";

/** How far a step moves: `stay` may keep the position of the step before, `advance` must leave it. */
export type Movement = "stay" | "advance";

/** Options of `monotonicMarginal`. */
export interface MonotonicMarginalOptions {
  /** `stay`: positions never fall. `advance`: they always rise. Default `stay`, the paper's. */
  readonly movement?: Movement;
}

/**
 * log p(y | x) of each row, (B), summed over the monotonic alignments a_1, ..., a_U of the steps that count:
 *
 *   log sum_a prod_t p(a_t | a_{t-1}) p(y_t | a_t),   p(a_t = s | a_{t-1} = r) = alpha_t(s) [s >= r] / sum_{s' >= r} alpha_t(s')
 *
 * and s > r with `advance`. By the forward algorithm, in log space, in O(U S log S). A step from which nothing can be
 * reached ends an alignment: its probability is lost. A row without any alignment gives -Infinity, and no gradient; a row
 * that may look nowhere gives 0.
 */
export function monotonicLogLikelihood(given: PositionSteps, movement: Movement = "stay"): Tensor {
  const { masses, logAlpha, logLikelihoods, empty } = positionTerms("monotonicMarginal", given);
  const [B, U, S] = masses.shape as readonly [number, number, number];
  const counts = stepCounts(masses, given.steps ?? null);
  const logReach = logReachOf(masses); // (B, U, S)
  const first = broadcastTo(where(less(iota(S), 1), 0, logOfZero), [B, S]);
  const stepsFirst = (x: Tensor): Tensor => transpose(x, x.rank === 3 ? [1, 0, 2] : [1, 0]);
  const { final } = scan(
    ({ from, total }: ForwardState, step: ForwardStep) => {
      const forward = add(add(step.logAlpha, step.logLikelihoods), startsBefore(from, step.logReach));
      const counting = lessEqual(0.5, step.counts); // (B)
      return {
        state: {
          from: where(expandDims(counting, -1), movement === "stay" ? forward : moveOn(forward), from),
          total: where(counting, logSumExp(forward), total),
        },
        outputs: {},
      };
    },
    {
      initial: { from: first, total: fill([B], 0) },
      sequences: {
        logAlpha: stepsFirst(logAlpha),
        logLikelihoods: stepsFirst(logLikelihoods),
        logReach: stepsFirst(logReach),
        counts: stepsFirst(counts),
      },
      length: U,
    },
  );
  return where(nowhere(empty, given), 0, honestLog(final.total));
}

/**
 * log p(a_t = s | y_<t), (B, S): where a step of a monotonic alignment stands before it has said anything, for decoders that
 * go step by step.
 *
 * @param from - log p(a_{t-1} = r | y_<t), (B, S); 0 at position 0 and `logOfZero` elsewhere before the first step.
 * @param masses - alpha_t, (B, S), 0 at blocked positions. The transitions are those of `monotonicLogLikelihood`.
 */
export function monotonicPrior(from: Tensor, masses: Tensor): Tensor {
  return add(finiteLog(masses), startsBefore(from, logReachOf(masses)));
}

/** Log of what is left from each position on. Positive terms only: nothing cancels. */
function logReachOf(masses: Tensor): Tensor {
  return finiteLog(flip(cumsum(flip(masses, -1), -1), -1));
}

/** log sum_{r <= s} p(r) / reach(r), (B, S): what alpha_t(s) is multiplied by. */
function startsBefore(from: Tensor, logReach: Tensor): Tensor {
  const isOver = or(less(from, logOfZero / 10), less(logReach, logOfZero / 10));
  return prefixLogSumExp(where(isOver, logOfZero, sub(from, logReach)));
}

/** What one step hands to the next: log probability (B, S) of having to go on from s or later, and of all so far (B). */
type ForwardState = { readonly from: Tensor; readonly total: Tensor };

/** What a step reads; all (B, S) but `counts` (B). */
type ForwardStep = {
  readonly logAlpha: Tensor;
  readonly logLikelihoods: Tensor;
  readonly logReach: Tensor;
  readonly counts: Tensor;
};

/** bool (B): rows in which some step that counts may look nowhere. */
function nowhere(empty: Tensor, { steps = null }: PositionSteps): Tensor {
  const hit = steps ? and(steps, empty) : empty;
  return less(0.5, sum(cast(hit, "float32"), 1));
}

/** log sum_{r <= s} exp x(r), (B, S), by doubling. */
function prefixLogSumExp(x: Tensor): Tensor {
  let total = x;
  for (let span = 1; span < x.shape[1]!; span *= 2) total = logSumExp(stack([total, moveOn(total, span)], 0), 0);
  return total;
}

/** x (B, S) moved `by` positions on; the logarithm of 0 comes in. */
function moveOn(x: Tensor, by = 1): Tensor {
  const [B, S] = x.shape as readonly [number, number];
  const kept = Math.max(S - by, 0);
  return concat([fill([B, S - kept], logOfZero), sliceAxis(x, 1, 0, kept)], 1);
}

/**
 * The negative log-likelihood with monotonic alignments summed out exactly: -1/N sum_b log p(y | x), over the N steps of
 * the batch that count. Axes: B batch, U steps, S positions.
 *
 * The decoder's state must not depend on the choice, as for `marginal`. With `advance` a target longer than its source is
 * impossible: its loss is Infinity. Metrics: `nll`.
 *
 * Source: Wu and Cotterell 2019 (arXiv:1905.06319), the monotonic model with attention that knows no history (their 0th
 *   order), whose transitions to earlier positions are structurally zero and renormalised; forward algorithm.
 *   Differs: zeros are exact, where their code leaves 1e-7 to every position, backward moves and padding included; and
 *   `advance` is ours. They divide by the padded length and average over the batch.
 * @throws HeedError when `movement` is none of the two, or an option is unknown.
 */
export function monotonicMarginal(options: MonotonicMarginalOptions = {}): PositionObjective<Record<never, never>> {
  checkOptions("monotonicMarginal", options, ["movement"]);
  const { movement = "stay" } = options;
  if (movement !== "stay" && movement !== "advance")
    throw optionError("monotonicMarginal", "movement must be among stay, advance", JSON.stringify(movement));
  return {
    name: "monotonicMarginal",
    needs: "positions",
    init: () => ({}),
    begin: () => ({}),
    loss(_params, given) {
      const logLikelihood = monotonicLogLikelihood(given, movement);
      const nll = neg(perStep(logLikelihood, stepCounts(given.distributions, given.steps ?? null)));
      return { loss: nll, state: {}, metrics: metricsOf({ nll }) };
    },
  };
}
