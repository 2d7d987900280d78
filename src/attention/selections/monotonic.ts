// Monotonic selection: every step goes on from where the step before stopped.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions, optionError } from "../../core/errors.ts";
import { add, maximum, minimum, mul, sub } from "../../core/ops/binary.ts";
import { less } from "../../core/ops/compare.ts";
import { stopGradient } from "../../core/ops/control.ts";
import { argMax } from "../../core/ops/order.ts";
import { random } from "../../core/ops/random.ts";
import { cast, where } from "../../core/ops/select.ts";
import { iota } from "../../core/ops/source.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { log, sigmoid } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Selection } from "../contract.ts";
import { smallestProbability } from "./categorical.ts";
import { linearRecurrence, shiftRight } from "./linear-recurrence.ts";

/** Options of `monotonic`. */
export interface MonotonicOptions {
  /**
   * Standard deviation, >= 0, of the normal noise that is added to the logits of the probabilities while training, so
   * that they learn to be near 0 or 1. Default 1, the paper's.
   */
  readonly noise?: number;
}

/** Where the step before stopped, (B, S): probabilities, or one-hot while evaluating; all 0 once the end was passed. */
export type MonotonicState = { readonly alignment: Tensor };

/**
 * Expected alignment of one step, (B, S): from where the step before stopped, positions are inspected one after the other,
 * and position s is taken with probability p(s).
 *
 *   alpha(s) = p(s) q(s),   q(s) = (1 - p(s - 1)) q(s - 1) + previous(s)
 *
 * The sum of alpha is the probability that something was taken; what passed the end stays there for good.
 *
 * @param p - float32 (B, S): probability of stopping, 0 at blocked positions, which are passed over.
 * @param previous - float32 (B, S): the alignment of the step before.
 * Source: Raffel et al. 2017 (arXiv:1704.00784), eq. 13 and 14 (their j is our s, i the step); eq. 9 is the sum it solves.
 *   Differs: by doubling (`linearRecurrence`); their parallel form (appendix C.1) divides by a clipped running product, which is wrong
 *   where that product has underflowed.
 */
export function monotonicAlignment(p: Tensor, previous: Tensor): Tensor {
  bindAxes("monotonicAlignment", { p: [p, "B S"], previous: [previous, "B S"] });
  return mul(p, linearRecurrence(shiftRight(sub(1, p), 1), previous));
}

/**
 * Monotonic attention. It takes the probability of stopping at each position, a sigmoid of the score, as distribution: it
 * need not sum to 1, so the cell's normalizer must be one that treats every position alone.
 *
 * While training (with a key) the weights (B, S) are the expected alignment, differentiable in p; they sum to at most 1,
 * and are not normalized. Without a key they are hard: one-hot at the first position from the last one on with p > 0.5,
 * or all 0 when there is none, now and at every later step; `sample` int32 (B) is that position, 0 when there is none.
 * The first step starts at position 0. Keeps the previous alignment as history.
 *
 * Source: Raffel, Luong, Liu, Weiss and Eck 2017 (arXiv:1704.00784), section 2.2 and Algorithm 1 (hard), eq. 11 to 14
 *   (expected alignment). Dictionary: p_ij = distribution, alpha_i = weights, z_ij = whether the step stops.
 *   Differs: the noise, which they add to the energy before the sigmoid, is added to log(p / (1 - p)).
 * @throws HeedError when `noise` is not a finite number >= 0, or an option is unknown.
 */
export function monotonic(options: MonotonicOptions = {}): Selection<Record<never, never>> {
  checkOptions("monotonic", options, ["noise"]);
  const { noise = 1 } = options;
  if (!Number.isFinite(noise) || noise < 0)
    throw optionError("monotonic", "noise must be a finite number >= 0", String(noise));
  return {
    name: "monotonic",
    init: () => ({}),
    select(_params, { distribution, mask, state, key }) {
      bindAxes("monotonic", { distribution: [distribution, "B S"], ...(mask ? { mask: [mask, "B S"] as const } : {}) });
      const { alignment } = state as MonotonicState;
      const block = (p: Tensor): Tensor => (mask ? where(mask, p, 0) : p);
      if (!key) return firstFrom(alignment, block(distribution));
      const p = noise === 0 ? distribution : disturbed(distribution, key, noise);
      return { weights: monotonicAlignment(block(p), alignment) };
    },
    history: {
      begin: ({ keys }) => {
        const [B, S] = keys.shape as readonly [number, number, number];
        return { alignment: broadcastTo(cast(less(iota(S), 1), "float32"), [B, S]) };
      },
      next: (_state: MonotonicState, weights) => ({ alignment: weights }),
    },
  };
}

/** sigmoid(log(p / (1 - p)) + noise). */
function disturbed(p: Tensor, key: Tensor, noise: number): Tensor {
  // The bounds keep both logarithms finite; 1 - 2^-24 is the largest float32 below 1.
  const inside = minimum(maximum(p, smallestProbability), 1 - 2 ** -24);
  const logit = sub(log(inside), log(sub(1, inside)));
  return sigmoid(add(logit, mul(random(key, p.shape, { type: "normal" }), noise)));
}

/** One-hot at the first position from the previous one on that stops. */
function firstFrom(previous: Tensor, p: Tensor): { readonly weights: Tensor; readonly sample: Tensor } {
  // Plus 0 times p: NaN is passed on.
  const stops = add(cast(less(0.5, p), "float32"), mul(stopGradient(p), 0));
  // With probabilities of 0 and 1 the expected alignment is the process itself.
  const weights = monotonicAlignment(stops, previous);
  return { weights, sample: argMax(weights) };
}
