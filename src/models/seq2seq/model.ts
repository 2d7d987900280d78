// The sequence-to-sequence network: bidirectional LSTM encoder, LSTM decoder with attention and input feeding.
// Axes: B batch, S source positions, U target positions, E embedding, H encoder state (2H both directions), D decoder state,
// A attentional vector.

import { attend, beginAttention, prepareMemory } from "../../attention/attend.ts";
import type { AttentionCell, AttentionResult, PreparedMemory } from "../../attention/contract.ts";
import { bindAxes } from "../../core/axes.ts";
import { sizeOf } from "../../core/dtype.ts";
import { add } from "../../core/ops/binary.ts";
import { concat, stack, unstack } from "../../core/ops/concat.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { reshape } from "../../core/ops/movement.ts";
import { fill } from "../../core/ops/source.ts";
import { tanh } from "../../core/ops/unary.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import { dropout } from "../../nn/dropout.ts";
import { embedding } from "../../nn/embedding.ts";
import { linear } from "../../nn/linear.ts";
import { biLstm, lstmGates, type LstmState } from "../../nn/lstm.ts";
import { stackLayers } from "../../nn/stack.ts";
import type { Seq2SeqConfig } from "./config.ts";
import { mechanismOf, type Seq2SeqParams } from "./params.ts";
import { beginPositions, readPositions, sumsPositions } from "./positions.ts";

export { initSeq2Seq, type Seq2SeqParams } from "./params.ts";

/**
 * Dropout while training: one rate, one mask a sequence, off where `key` is null. It thins the embeddings, what goes from
 * one encoder layer to the next, and what the output reads. What attention compares, the memory and the query, stays
 * whole: thinned, it learns where to look far later (docs/decisions/0011).
 */
export interface Regularization {
  readonly rate: number;
  readonly key: Tensor | null;
}

const noDropout: Regularization = { rate: 0, key: null };

/** What the decoder carries from step to step. */
export type DecoderState<T> = LstmState<T> & {
  readonly feed: T;
  /** What the attention keeps of earlier steps; `{}` where it keeps nothing. */
  readonly attention: Tree<T>;
};

/** What the encoder hands over. */
export interface Encoded {
  readonly memory: PreparedMemory | null;
  readonly initial: DecoderState<Tensor>;
}

/**
 * Reads the source.
 *
 * @param source - int32 (B, S).
 * @param mask - bool (B, S), true at real symbols; null when none is padding. Padding never changes a result.
 */
export function encode(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  source: Tensor,
  mask: Tensor | null,
  drop: Regularization = noDropout,
): Encoded {
  const { B } = bindAxes("seq2seq.encode", { source: [source, "B S"] });
  const thin = (x: Tensor): Tensor => dropout(x, { ...drop, sharedAxes: [1] });
  const embedded = thin(embedding(params.source, source)); // (B, S, E)
  const { outputs, finals } = scope("encoder", () =>
    stackLayers(params.encoder, embedded, (p, x) => biLstm(p, x, { mask }), thin),
  );
  const last = finals.at(-1)!;
  const cell = mechanismOf(config);
  const memory = cell ? prepareMemory(cell, params.attention!, { keys: outputs, values: outputs, mask }) : null;
  return {
    memory,
    initial: {
      hidden: tanh(linear(params.bridge.hidden, last.hidden)),
      cell: linear(params.bridge.cell, last.cell),
      feed: fill([B, config.attentionalSize], 0),
      attention:
        !cell || !memory ? {} : sumsPositions(config) ? beginPositions(config, memory) : beginAttention(cell, memory),
    },
  };
}

/** The recurrent part of a step: (B, 4D), the projected previous symbol, and the state of the step before -> hidden and cell (B, D). */
export function recur(
  params: Seq2SeqParams<Tensor>,
  projected: Tensor,
  state: Pick<DecoderState<Tensor>, "hidden" | "cell" | "feed">,
): LstmState<Tensor> {
  let gates = add(projected, matmul(state.hidden, params.decoder.recurrent));
  if (params.feed) gates = add(gates, matmul(state.feed, params.feed));
  return lstmGates(gates, state.cell);
}

/** The attending part of a step. */
export interface Look {
  /** (B, A): what the output is read from. */
  readonly attentional: Tensor;
  /** Null without attention. */
  readonly attended: AttentionResult | null;
}

/**
 * The attending part of a step, from its hidden state (B, D).
 *
 * Source: Luong, Pham and Manning 2015 (arXiv:1508.04025): h_t -> a_t -> c_t -> h~_t = tanh(W_c [c_t; h_t]), eq. 5.
 */
export function look(
  params: Seq2SeqParams<Tensor>,
  { mechanism, memory }: { readonly mechanism: AttentionCell | null; readonly memory: PreparedMemory | null },
  hidden: Tensor,
  { state, key = null }: { readonly state: Tree<Tensor>; readonly key?: Tensor | null },
): Look {
  const attended = mechanism && memory ? attend(mechanism, params.attention!, memory, hidden, { state, key }) : null;
  return {
    attentional: tanh(linear(params.combine, attended ? concat([attended.context, hidden], -1) : hidden)),
    attended,
  };
}

/** One decoder step: the state for the next, and either the vector that the output is read from or, where positions are summed out, the output. */
export interface DecoderStep {
  readonly state: DecoderState<Tensor>;
  /** (B, A); null where positions are summed out. */
  readonly attentional: Tensor | null;
  /** (B, V), where positions are summed out; else null. */
  readonly logits: Tensor | null;
  /** (B, S); null without attention. */
  readonly weights: Tensor | null;
}

/**
 * One step from the previous symbol.
 *
 * @param previous - int32 (B): the symbol.
 * @param projected - (B, 4D): its embedding through the decoder's input weights, bias added.
 */
function decodeStep(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  memory: PreparedMemory | null,
  { previous, projected }: { readonly previous: Tensor; readonly projected: Tensor },
  state: DecoderState<Tensor>,
): DecoderStep {
  const { hidden, cell } = recur(params, projected, state);
  if (memory && sumsPositions(config)) {
    const {
      logits,
      weights,
      state: attention,
    } = readPositions(config, params, memory, hidden, previous, state.attention);
    return { state: { hidden, cell, feed: state.feed, attention }, attentional: null, logits, weights };
  }
  const { attentional, attended } = look(params, { mechanism: mechanismOf(config), memory }, hidden, {
    state: state.attention,
  });
  return {
    state: {
      hidden,
      cell,
      feed: params.feed ? attentional : state.feed,
      attention: attended?.state ?? state.attention,
    },
    attentional,
    logits: null,
    weights: attended?.weights ?? null,
  };
}

/** Projects previous symbols (any shape, int32) into the decoder's gates: (..., 4D). */
export function projectTarget(params: Seq2SeqParams<Tensor>, previous: Tensor, thin: (x: Tensor) => Tensor): Tensor {
  return linear({ weight: params.decoder.input, bias: params.decoder.bias }, thin(embedding(params.target, previous)));
}

/** Logits of a teacher-forced pass, and where each step looked. */
export type ForcedResult = { readonly logits: Tensor; readonly weights: Tensor | null };

/**
 * Runs the whole network on known targets (teacher forcing), as it decodes: `hard` attention takes the likeliest position,
 * and where positions are summed out the logits are log-probabilities.
 *
 * @param source - int32 (B, S); @param mask - bool (B, S) or null.
 * @param previous - int32 (B, U): the symbol before each target, `begin` first.
 * @returns logits (B, U, targetCount), weights (B, U, S) or null.
 */
export function forced(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  source: Tensor,
  mask: Tensor | null,
  previous: Tensor,
  drop: Regularization = noDropout,
): ForcedResult {
  const { B, U } = bindAxes("seq2seq.forced", { source: [source, "B S"], previous: [previous, "B U"] });
  const { memory, initial } = encode(config, params, source, mask, drop);
  const inputs = unstack(
    projectTarget(params, previous, (x) => dropout(x, { ...drop, sharedAxes: [1] })),
    1,
  );
  const symbols = unstack(previous, 1);
  let state = initial;
  const steps: DecoderStep[] = [];
  scope("decoder", () =>
    inputs.forEach((projected, t) => {
      const step = decodeStep(config, params, memory, { previous: symbols[t]!, projected }, state);
      state = step.state;
      steps.push(step);
    }),
  );
  const [vectors, logits, weights] = (["attentional", "logits", "weights"] as const).map((name) => {
    const all = steps.flatMap((step) => step[name] ?? []);
    return all.length > 0 ? stack(all, 1) : null;
  });
  if (logits) return { logits, weights: weights ?? null };
  const all = dropout(vectors!, { ...drop, sharedAxes: [1] }); // (B, U, A)
  const flat = linear(params.output, reshape(all, [sizeOf([B, U]), config.attentionalSize]));
  return { logits: reshape(flat, [B, U, config.targetCount]), weights: weights ?? null };
}

/** One free-running step. */
export type FreeStep = {
  readonly state: DecoderState<Tensor>;
  readonly logits: Tensor;
  readonly weights: Tensor | null;
};

/**
 * One step of decoding: previous int32 (B) and a state -> logits (B, targetCount), weights (B, S) or null, the next state.
 *
 * The weights are those by which the step reads: one-hot with `hard` attention; with `marginal` and `monotonic` the prior
 * p(a_t | y_<t, x), which the step has before its symbol is known, as all the others.
 */
export function decodeFree(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  memory: PreparedMemory | null,
  previous: Tensor,
  state: DecoderState<Tensor>,
): FreeStep {
  return scope("decoder", () => {
    const projected = projectTarget(params, previous, (x) => x);
    const step = decodeStep(config, params, memory, { previous, projected }, state);
    return {
      state: step.state,
      logits: step.logits ?? linear(params.output, step.attentional!),
      weights: step.weights,
    };
  });
}
