// Teacher-forced passes that choose where to look: what the objectives that learn from sampled alignments are given.
// Axes: R runs, B batch, S source positions, U target positions, A attentional vector, V symbols.

import { stack, unstack } from "../../core/ops/concat.ts";
import { broadcastTo, expandDims } from "../../core/ops/movement.ts";
import { logSoftmax } from "../../core/ops/softmax.ts";
import { takeAlong } from "../../core/ops/take-along.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { dropout } from "../../nn/dropout.ts";
import { linear } from "../../nn/linear.ts";
import type { Seq2SeqConfig } from "./config.ts";
import { encode, look, projectTarget, recur, type Look, type Regularization } from "./model.ts";
import { mechanismOf, type Seq2SeqParams } from "./params.ts";
import { hiddenStates, type ForcedBatch } from "./position-steps.ts";

/** Which runs are made. */
export interface RunOptions {
  /** Random key, int32[2]: every run and step draws its own numbers of it. */
  readonly key: Tensor;
  /** Runs that draw a position at every step, at least 1. */
  readonly samples: number;
  /** Whether a last run takes the likeliest positions. */
  readonly greedy: boolean;
  /** Probability that a step of a drawing run attends softly. */
  readonly semiSampling: number;
}

/** What the runs tell, all (R, B, U); the greedy run is the last. */
export interface SampledRuns {
  /** log p(y_t | y_<t, the positions chosen so far), in nats. */
  readonly logLikelihood: Tensor;
  /** Log-probability of each choice. */
  readonly logProb: Tensor;
  /** Entropy in nats of what each choice was made from. */
  readonly entropy: Tensor;
}

/**
 * Several runs of the decoder over one reading of the source. All have the same dropout, so that they differ by their
 * choices alone. Without input feeding they share the decoder's states too: a further run costs an attention and an output.
 */
export function sampledRuns(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  { source, sourceMask = null, previous, target }: ForcedBatch,
  drop: Regularization,
  { key, samples, greedy, semiSampling }: RunOptions,
): SampledRuns {
  const { memory, initial } = encode(config, params, source, sourceMask, drop);
  return scope("decoder", () => {
    const runs = runsOf(params, previous, initial, drop);
    const drawing = mechanismOf(config, semiSampling);
    const all = [
      ...Array.from({ length: samples }, () => runs({ mechanism: drawing, memory }, key)),
      ...(greedy ? [runs({ mechanism: mechanismOf(config), memory }, null)] : []),
    ];
    const of = (take: (step: Look) => Tensor): Tensor =>
      stack(
        all.map((steps) => stack(steps.map(take), 1)),
        0,
      );
    const vectors = dropout(
      of(({ attentional }) => attentional),
      { ...drop, sharedAxes: [0, 2] },
    ); // (R, B, U, A)
    const said = logSoftmax(linear(params.output, vectors), -1); // (R, B, U, V)
    return {
      logLikelihood: takeAlong(said, broadcastTo(expandDims(target, 0), said.shape.slice(0, 3))),
      logProb: of(({ attended }) => attended!.logProb!),
      entropy: of(({ attended }) => attended!.entropy!),
    };
  });
}

type Runs = (where: Parameters<typeof look>[1], key: Tensor | null) => readonly Look[];

/** How one run goes: through the decoder's states, which are made once where no choice enters them. */
function runsOf(
  params: Seq2SeqParams<Tensor>,
  previous: Tensor,
  initial: ReturnType<typeof encode>["initial"],
  drop: Regularization,
): Runs {
  if (!params.feed) {
    const states = hiddenStates(params, previous, initial, drop);
    return (where, key) => {
      let state = initial.attention;
      return states.map((hidden) => {
        const step = look(params, where, hidden, { state, key });
        state = step.attended!.state;
        return step;
      });
    };
  }
  const inputs = unstack(
    projectTarget(params, previous, (x) => dropout(x, { ...drop, sharedAxes: [1] })),
    1,
  );
  return (where, key) => {
    let state = initial;
    return inputs.map((projected) => {
      const { hidden, cell } = recur(params, projected, state);
      const step = look(params, where, hidden, { state: state.attention, key });
      state = { hidden, cell, feed: step.attentional, attention: step.attended!.state };
      return step;
    });
  };
}
