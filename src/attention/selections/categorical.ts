// One step's distribution as selections that choose need it: normalized logarithms that stay finite, and what a choice is told by.

import { bindAxes } from "../../core/axes.ts";
import { add, mul, sub } from "../../core/ops/binary.ts";
import { and, equal, less, lessEqual } from "../../core/ops/compare.ts";
import { stopGradient } from "../../core/ops/control.ts";
import { squeeze } from "../../core/ops/movement.ts";
import { random } from "../../core/ops/random.ts";
import { max, sum } from "../../core/ops/reduce.ts";
import { where } from "../../core/ops/select.ts";
import { oneHot, takeAlong } from "../../core/ops/take-along.ts";
import { exp, log, neg } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { SelectionResult, SelectionStep } from "../contract.ts";

/**
 * A probability below this counts as 0. Its logarithm would be finite, but the logarithm's gradient, 1 / p, would
 * overflow float32 as soon as it is multiplied by something.
 */
export const smallestProbability = 1e-30;

/** Stands for the logarithm of 0: finite, so that differences and gradients are, and far below every real logarithm. */
export const logOfZero = -1e30;

/** log p, and `logOfZero`, where no gradient flows, at probabilities that count as 0; NaN is passed on. */
export function finiteLog(p: Tensor): Tensor {
  const isZero = less(p, smallestProbability);
  return where(isZero, logOfZero, log(where(isZero, 1, p)));
}

/** bool (..., 1): the rows of `masses` (..., S) in which every probability counts as 0. A row that holds NaN is none. */
export function emptyRows(masses: Tensor): Tensor {
  const fixed = stopGradient(masses);
  const total = sum(fixed, -1, { keepDims: true });
  return and(less(max(fixed, -1, { keepDims: true }), smallestProbability), equal(total, total));
}

/** A distribution over positions. Axes: B batch, S positions. */
export interface Categorical {
  /** float32 (B, S): the distribution, 0 at blocked positions. */
  readonly masses: Tensor;
  /** bool (B, S): the positions that can be chosen. */
  readonly support: Tensor;
  /** float32 (B, S): log(p / sum p), `logOfZero` outside the support. */
  readonly logProbs: Tensor;
  /** bool (B, 1): the rows in which nothing can be chosen. */
  readonly empty: Tensor;
  /** float32 (B, 1), without gradient: 1, 0 for an empty row, NaN for a row that holds NaN. */
  readonly presence: Tensor;
}

/**
 * The distribution of a step. It need not sum to 1 (windows weigh after normalizing): choices are made in proportion.
 *
 * @param name - the selection on whose behalf this is done; opens the message.
 * @throws HeedError when distribution and mask disagree.
 */
export function categorical(name: string, { distribution, mask }: SelectionStep): Categorical {
  bindAxes(name, { distribution: [distribution, "B S"], ...(mask ? { mask: [mask, "B S"] as const } : {}) });
  const masses = mask ? where(mask, distribution, 0) : distribution;
  const support = lessEqual(smallestProbability, masses);
  const total = sum(masses, -1, { keepDims: true });
  const empty = emptyRows(masses);
  const normalizer = log(where(empty, 1, total));
  const logProbs = where(support, sub(log(where(support, masses, 1)), normalizer), logOfZero);
  // A NaN among the masses is passed on to all of the row.
  const presence = stopGradient(where(empty, 0, add(mul(total, 0), 1)));
  return { masses: where(support, masses, 0), support, logProbs, empty, presence };
}

/** Entropy in nats, (B); 0 for an empty row. The gradient is -(log p + 1), and 0 where p counts as 0. */
export function entropyOf({ logProbs }: Categorical): Tensor {
  return neg(sum(mul(exp(logProbs), logProbs), -1));
}

/**
 * What a selection of one position gives.
 *
 * @param sample - int32 (B): the position; 0 in an empty row.
 * @returns one-hot weights without gradient, and log-probability and entropy whose gradients flow to the distribution.
 */
export function choiceOf(from: Categorical, sample: Tensor): Required<SelectionResult> {
  return {
    weights: mul(oneHot(sample, from.masses.shape[1]!), from.presence),
    sample,
    logProb: where(squeeze(from.empty, 1), 0, takeAlong(from.logProbs, sample)),
    entropy: entropyOf(from),
  };
}

/**
 * log p plus Gumbel noise: its largest element is a draw from p, its k largest are k draws without replacement.
 *
 * The noise is -log(-log u) with u strictly inside (0, 1) in steps of 2^-23, so an event rarer than about 1e-7 is not
 * resolved. Source: Gumbel 1954; Maddison, Tarlow and Minka 2014 (arXiv:1411.0030).
 */
export function perturbed({ logProbs }: Categorical, key: Tensor): Tensor {
  return add(logProbs, neg(log(neg(log(random(key, logProbs.shape))))));
}
