// The decoder that sums the alignment out: what it says from every position, and their mixture.
// Axes: B batch, S source positions, U target positions, H encoder state, D decoder state, A attentional vector, V symbols.

import { attend } from "../../attention/attend.ts";
import type { PreparedMemory } from "../../attention/contract.ts";
import { monotonicPrior } from "../../attention/objectives/monotonic-marginal.ts";
import { emptyRows, finiteLog, logOfZero } from "../../attention/selections/categorical.ts";
import { add, sub } from "../../core/ops/binary.ts";
import { less } from "../../core/ops/compare.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { broadcastTo, expandDims } from "../../core/ops/movement.ts";
import { where } from "../../core/ops/select.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { logSoftmax, logSumExp } from "../../core/ops/softmax.ts";
import { fill, iota } from "../../core/ops/source.ts";
import { takeAlong } from "../../core/ops/take-along.ts";
import { exp, tanh } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import { linear } from "../../nn/linear.ts";
import type { Seq2SeqConfig } from "./config.ts";
import { mechanismOf, type Seq2SeqParams } from "./params.ts";

/** Whether the decoder sums over positions what it says from each, rather than saying one thing from a weighed sum of them. */
export function sumsPositions({ attention }: Pick<Seq2SeqConfig, "attention">): boolean {
  return attention === "marginal" || attention === "monotonic";
}

/**
 * What `monotonic` keeps of the step before: log p(a_t | y_<t) (B, S), and what it said from each position, (B, S, V). The
 * next step knows which symbol was taken, and goes on from p(a_t | y_<=t).
 */
export type MonotonicState<T> = { readonly prior: T; readonly said: T };

/** The state before the first step: `{}` for `marginal`, whose steps are independent; at the first position for `monotonic`. */
export function beginPositions({ attention, targetCount }: Seq2SeqConfig, { keys }: PreparedMemory): Tree<Tensor> {
  if (attention !== "monotonic") return {};
  const [B, S] = keys.shape as readonly [number, number, number];
  return {
    prior: broadcastTo(where(less(iota(S), 1), 0, logOfZero), [B, S]),
    said: fill([B, S, targetCount], 0),
  } satisfies MonotonicState<Tensor>;
}

/**
 * The attentional vectors h~_t(s) = tanh(W_c [v_s; h_t]) of all pairs of a step and a position: Luong's eq. 5, for each
 * position in place of the context.
 *
 * W_c is cut in two, so that values and states are projected once each rather than once a pair.
 *
 * @param values - (B, S, 2H). @param hidden - (B, D) or (B, U, D).
 * @returns (B, S, A) or (B, U, S, A).
 */
export function positionVectors({ combine }: Seq2SeqParams<Tensor>, values: Tensor, hidden: Tensor): Tensor {
  const valueSize = values.shape[2]!;
  const [all] = combine.weight.shape as readonly [number, number];
  const fromValues = matmul(values, sliceAxis(combine.weight, 0, 0, valueSize)); // (B, S, A)
  const fromHidden = linear({ ...combine, weight: sliceAxis(combine.weight, 0, valueSize, all) }, hidden);
  return tanh(add(hidden.rank === 3 ? expandDims(fromValues, 1) : fromValues, expandDims(fromHidden, -2)));
}

/** What a step that sums positions out gives. */
export interface PositionReading {
  /** (B, V): log p(y_t | y_<t, x), the mixture. */
  readonly logits: Tensor;
  /** (B, S): the prior p(a_t | y_<t, x), by which the mixture weighs. */
  readonly weights: Tensor;
  readonly state: Tree<Tensor>;
}

/**
 * One step that decodes: p(y_t | y_<t, x) = sum_s p(a_t = s | y_<t, x) p(y_t | a_t = s, y_<t, x).
 *
 * With `marginal` the prior is the attention itself. With `monotonic` it is the forward algorithm's running distribution:
 * the step before's, times what that said of the symbol that was taken, moved on by the transitions of `monotonicMarginal`.
 *
 * @param hidden - (B, D). @param previous - int32 (B): the symbol taken at the step before.
 * @param state - the step before's, or `beginPositions`'.
 * Source: Wu, Shapiro and Cotterell 2018 (arXiv:1808.10024), and Wu and Cotterell 2019 (arXiv:1905.06319), whose decoding
 *   uses the same mixture.
 */
export function readPositions(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  memory: PreparedMemory,
  hidden: Tensor,
  previous: Tensor,
  state: Tree<Tensor>,
): PositionReading {
  const { weights: masses } = attend(mechanismOf(config)!, params.attention!, memory, hidden);
  const said = logSoftmax(linear(params.output, positionVectors(params, memory.values, hidden)), -1); // (B, S, V)
  const from = config.attention === "monotonic" ? standing(state as MonotonicState<Tensor>, previous) : null;
  // A source without a position is read as its padding, which is 0 everywhere.
  const logAlpha = from ? monotonicPrior(from, masses) : finiteLog(masses);
  const prior = where(emptyRows(masses), -Math.log(masses.shape[1]!), logAlpha); // (B, S)
  return {
    logits: logSumExp(add(expandDims(prior, -1), said), 1),
    weights: where(emptyRows(masses), 0, exp(prior)),
    state: from ? ({ prior, said } satisfies MonotonicState<Tensor>) : {},
  };
}

/** log p(a_{t-1} = r | y_<t), (B, S): the state's prior once the symbol is known. */
function standing({ prior, said }: MonotonicState<Tensor>, previous: Tensor): Tensor {
  const [B, S] = prior.shape as readonly [number, number];
  const joint = add(prior, takeAlong(said, broadcastTo(expandDims(previous, 1), [B, S])));
  return sub(joint, expandDims(logSumExp(joint), -1));
}
