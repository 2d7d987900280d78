// A teacher-forced pass that tells what every position says: what the objectives that sum the alignment out are given.
// Axes: B batch, S source positions, U target positions, A attentional vector, V symbols.

import { attend } from "../../attention/attend.ts";
import type { PositionSteps } from "../../attention/objectives/contract.ts";
import { internalError } from "../../core/errors.ts";
import { stack, unstack } from "../../core/ops/concat.ts";
import { broadcastTo, expandDims } from "../../core/ops/movement.ts";
import { logSoftmax } from "../../core/ops/softmax.ts";
import { takeAlong } from "../../core/ops/take-along.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { dropout } from "../../nn/dropout.ts";
import { linear } from "../../nn/linear.ts";
import type { LstmState } from "../../nn/lstm.ts";
import type { Seq2SeqConfig } from "./config.ts";
import { encode, projectTarget, recur, type DecoderState, type Regularization } from "./model.ts";
import { mechanismOf, type Seq2SeqParams } from "./params.ts";
import { positionVectors, sumsPositions } from "./positions.ts";

/** Known targets beside their sources. */
export interface ForcedBatch {
  /** int32 (B, S). */
  readonly source: Tensor;
  /** bool (B, S); null or absent when no source is padded. */
  readonly sourceMask?: Tensor | null | undefined;
  /** int32 (B, U): the symbol before each target. */
  readonly previous: Tensor;
  /** int32 (B, U). */
  readonly target: Tensor;
  /** bool (B, U), true at real symbols. */
  readonly targetMask: Tensor;
}

/**
 * Where each step may look, and log p(y_t | y_<t, the step looks at s), for every s.
 *
 * All pairs of a step and a position are one product: (B, U, S, A) and (B, U, S, V) numbers are held at once. For 128 words
 * of 8 letters and 8 phonemes at the recipe's sizes that is 11 MB, for 128 of 34 letters and 20 phonemes 110 MB, and about
 * four times that with the gradient.
 *
 * Dropout is `forced`'s: one mask a sequence, here the same for all positions too.
 *
 * @throws HeedError for a configuration that does not sum positions out.
 */
export function positionSteps(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  { source, sourceMask = null, previous, target, targetMask }: ForcedBatch,
  drop: Regularization,
): PositionSteps {
  if (!sumsPositions(config))
    throw internalError("positionSteps", `${config.attention} attention does not sum positions out`);
  const { memory, initial } = encode(config, params, source, sourceMask, drop);
  const mechanism = mechanismOf(config)!;
  return scope("decoder", () => {
    const states = hiddenStates(params, previous, initial, drop);
    const distributions = states.map((hidden) => attend(mechanism, params.attention!, memory!, hidden).weights);
    const vectors = positionVectors(params, memory!.values, stack(states, 1)); // (B, U, S, A)
    const said = logSoftmax(linear(params.output, dropout(vectors, { ...drop, sharedAxes: [1, 2] })), -1); // (B, U, S, V)
    const [B, U, S] = said.shape as readonly [number, number, number, number];
    return {
      distributions: stack(distributions, 1),
      logLikelihoods: takeAlong(said, broadcastTo(expandDims(target, -1), [B, U, S])),
      mask: sourceMask,
      steps: targetMask,
    };
  });
}

/** The decoder's states (B, D) of all steps, where no step knows what the one before looked at. */
export function hiddenStates(
  params: Seq2SeqParams<Tensor>,
  previous: Tensor,
  { hidden, cell, feed }: DecoderState<Tensor>,
  drop: Regularization,
): readonly Tensor[] {
  const inputs = unstack(
    projectTarget(params, previous, (x) => dropout(x, { ...drop, sharedAxes: [1] })),
    1,
  );
  let state: LstmState<Tensor> = { hidden, cell };
  return inputs.map((projected) => {
    state = recur(params, projected, { ...state, feed });
    return state.hidden;
  });
}
