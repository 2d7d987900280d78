// Subset selection: several positions, drawn without replacement.

import { checkOptions, optionError } from "../../core/errors.ts";
import { add, div, maximum, mul, sub } from "../../core/ops/binary.ts";
import { and, less, not } from "../../core/ops/compare.ts";
import { squeeze } from "../../core/ops/movement.ts";
import { topK } from "../../core/ops/order.ts";
import { stack, unstack } from "../../core/ops/concat.ts";
import { max, sum } from "../../core/ops/reduce.ts";
import { cast, where } from "../../core/ops/select.ts";
import { logSumExp } from "../../core/ops/softmax.ts";
import { fill } from "../../core/ops/source.ts";
import { oneHot, takeAlong } from "../../core/ops/take-along.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Selection } from "../contract.ts";
import { categorical, entropyOf, logOfZero, perturbed, type Categorical } from "./categorical.ts";

/** Options of `subset`. */
export interface SubsetOptions {
  /** How many positions are chosen, an integer >= 1; all of them where there are fewer. */
  readonly count: number;
}

/**
 * Several different positions, drawn one after the other from what is left: the `count` largest of log p + Gumbel noise.
 * Without a key, the `count` likeliest.
 *
 * Weights (B, S) are the mean of the chosen one-hots, 1 / count each, and carry no gradient: a row with fewer positions
 * to choose takes the mean of those. `sample` int32 (B, N), in the order of the draws, N = min(count, S); a draw that
 * could not be made is 0 and counts nowhere. `logProb` (B) is that of the ordered sample,
 *
 *   log p(s_1, ..., s_N) = sum_i [log p(s_i) - log sum_{s not in s_1..s_{i-1}} p(s)],
 *
 * so REINFORCE with it is unbiased for the expected loss under this very choice. (It is not the loss under `hard`: the
 * plain mean of draws without replacement leans towards the unlikely positions.) `entropy` (B) is that of one draw.
 * An empty row gets weights, log-probability and entropy 0 and samples 0.
 *
 * Source: Kool, van Hoof and Welling 2019 (arXiv:1903.06059), the Gumbel-top-k trick: the ordered sample follows the
 *   Plackett-Luce distribution above. Dictionary: their k = count, I*_1..I*_k = sample.
 *   Differs: what is left is summed anew rather than taken from 1, which would cancel.
 * @throws HeedError when `count` is not an integer >= 1, or an option is unknown.
 */
export function subset(options: SubsetOptions): Selection<Record<never, never>> {
  checkOptions("subset", options, ["count"]);
  const count: unknown = (options as SubsetOptions | undefined)?.count;
  if (!Number.isInteger(count) || (count as number) < 1)
    throw optionError("subset", "count must be an integer >= 1", String(count));
  return {
    name: "subset",
    init: () => ({}),
    select(_params, step) {
      const from = categorical("subset", step);
      const n = Math.min(count as number, from.masses.shape[1]!);
      const { indices } = topK(step.key ? perturbed(from, step.key) : from.masses, n);
      return { ...chosen(from, unstack(indices, 1)), entropy: entropyOf(from) };
    },
  };
}

/** The mean of the chosen positions, and the log-probability of choosing them in this order. */
function chosen(
  from: Categorical,
  positions: readonly Tensor[],
): { readonly weights: Tensor; readonly sample: Tensor; readonly logProb: Tensor } {
  const [B, S] = from.masses.shape as readonly [number, number];
  let left = from.support;
  let logProb = fill([B], 0);
  let total = fill([B, S], 0);
  const sample: Tensor[] = [];
  for (const [i, position] of positions.entries()) {
    const isHere = less(0, oneHot(position, S));
    const here = and(isHere, left);
    const isReal = less(0, max(cast(here, "float32"), -1));
    // Before the first draw the logarithms are normalized already.
    const rest = i === 0 ? fill([B], 0) : logSumExp(where(left, from.logProbs, logOfZero));
    logProb = add(logProb, where(isReal, sub(takeAlong(from.logProbs, position), rest), 0));
    total = add(total, cast(here, "float32"));
    sample.push(where(isReal, position, 0));
    left = and(left, not(here));
  }
  const number = maximum(sum(total, -1, { keepDims: true }), 1);
  // The presence of an empty row is 0, that of a row with NaN is NaN: it is passed on.
  const presence = from.presence;
  return {
    weights: mul(div(total, number), presence),
    sample: stack(sample, 1),
    logProb: where(squeeze(from.empty, 1), 0, logProb),
  };
}
