// The sequence-to-sequence network: bidirectional LSTM encoder, LSTM decoder with attention and input feeding.
// Axes: B batch, S source positions, U target positions, E embedding, H encoder state (2H both directions), D decoder state,
// A attentional vector.

import { attend, beginAttention, initAttention, prepareMemory } from "../../attention/attend.ts";
import { cells } from "../../attention/cells.ts";
import type { CellParams, PreparedMemory } from "../../attention/contract.ts";
import { bindAxes } from "../../core/axes.ts";
import { sizeOf } from "../../core/dtype.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { concat, stack, unstack } from "../../core/ops/concat.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { reshape } from "../../core/ops/movement.ts";
import { fill } from "../../core/ops/source.ts";
import { tanh } from "../../core/ops/unary.ts";
import type { Rng } from "../../core/random.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import { dropout } from "../../nn/dropout.ts";
import { embedding, initEmbedding, type EmbeddingParams } from "../../nn/embedding.ts";
import { initLinear, linear, type LinearParams } from "../../nn/linear.ts";
import {
  biLstm,
  initBiLstm,
  initLstm,
  lstmGates,
  type BiLstmParams,
  type LstmParams,
  type LstmState,
} from "../../nn/lstm.ts";
import { stackLayers } from "../../nn/stack.ts";
import type { Seq2SeqConfig } from "./config.ts";

export type Seq2SeqParams<T> = {
  readonly source: EmbeddingParams<T>;
  readonly encoder: readonly BiLstmParams<T>[];
  /** From the encoder's last state (2H) to the decoder's first hidden and cell (D each). */
  readonly bridge: { readonly hidden: LinearParams<T>; readonly cell: LinearParams<T> };
  readonly target: EmbeddingParams<T>;
  readonly decoder: LstmParams<T>;
  /** (A, 4D): the attentional vector of the step before, into the gates. Only with input feeding. */
  readonly feed?: T;
  /** The mechanism's own parameters; absent without attention. */
  readonly attention?: CellParams<T>;
  /** From [context; hidden] to the attentional vector (A). */
  readonly combine: LinearParams<T>;
  readonly output: LinearParams<T>;
};

/** Parameters drawn from `rng`, in a fixed order. */
export function initSeq2Seq(config: Seq2SeqConfig, rng: Rng): Seq2SeqParams<NdArray> {
  const { embeddingSize: E, encoderSize: H, decoderSize: D, attentionalSize: A } = config;
  const cell = config.attention === "none" ? null : cells[config.attention];
  return {
    source: initEmbedding({ count: config.sourceCount, size: E, deviation: 1 }, rng),
    encoder: Array.from({ length: config.encoderLayers }, (_, i) =>
      initBiLstm({ inSize: i === 0 ? E : 2 * H, size: H }, rng),
    ),
    bridge: {
      hidden: initLinear({ inSize: 2 * H, outSize: D }, rng),
      cell: initLinear({ inSize: 2 * H, outSize: D }, rng),
    },
    target: initEmbedding({ count: config.targetCount, size: E, deviation: 1 }, rng),
    decoder: initLstm({ inSize: E, size: D }, rng),
    ...(config.inputFeeding ? { feed: rng.uniform([A, 4 * D], 1 / Math.sqrt(D)) } : {}),
    ...(cell
      ? { attention: initAttention(cell, { querySize: D, keySize: 2 * H, alignmentSize: config.alignmentSize }, rng) }
      : {}),
    combine: initLinear({ inSize: cell ? 2 * H + D : D, outSize: A }, rng),
    output: initLinear({ inSize: A, outSize: config.targetCount }, rng),
  };
}

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
  const cell = config.attention === "none" ? null : cells[config.attention];
  const memory = cell ? prepareMemory(cell, params.attention!, { keys: outputs, values: outputs, mask }) : null;
  return {
    memory,
    initial: {
      hidden: tanh(linear(params.bridge.hidden, last.hidden)),
      cell: linear(params.bridge.cell, last.cell),
      feed: fill([B, config.attentionalSize], 0),
      attention: cell && memory ? beginAttention(cell, memory) : {},
    },
  };
}

/** One decoder step. */
export interface DecoderStep {
  readonly state: DecoderState<Tensor>;
  /** (B, A): what the output is read from; the state's `feed` too, where there is input feeding. */
  readonly attentional: Tensor;
  /** (B, S); null without attention. */
  readonly weights: Tensor | null;
}

/**
 * One step from the projected previous symbol.
 *
 * @param projected - (B, 4D): the previous symbol's embedding through the decoder's input weights, bias added.
 * Source: Luong, Pham and Manning 2015 (arXiv:1508.04025): h_t -> a_t -> c_t -> h~_t = tanh(W_c [c_t; h_t]), eq. 5.
 */
function decodeStep(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  memory: PreparedMemory | null,
  projected: Tensor,
  state: DecoderState<Tensor>,
): DecoderStep {
  let gates = add(projected, matmul(state.hidden, params.decoder.recurrent));
  if (params.feed) gates = add(gates, matmul(state.feed, params.feed));
  const { hidden, cell } = lstmGates(gates, state.cell);
  const mechanism = config.attention === "none" ? null : cells[config.attention];
  const attended =
    mechanism && memory ? attend(mechanism, params.attention!, memory, hidden, { state: state.attention }) : null;
  const attentional = tanh(linear(params.combine, attended ? concat([attended.context, hidden], -1) : hidden));
  return {
    state: {
      hidden,
      cell,
      feed: params.feed ? attentional : state.feed,
      attention: attended?.state ?? state.attention,
    },
    attentional,
    weights: attended?.weights ?? null,
  };
}

/** Projects previous symbols (any shape, int32) into the decoder's gates: (..., 4D). */
function projectTarget(params: Seq2SeqParams<Tensor>, previous: Tensor, thin: (x: Tensor) => Tensor): Tensor {
  return linear({ weight: params.decoder.input, bias: params.decoder.bias }, thin(embedding(params.target, previous)));
}

/** Logits of a teacher-forced pass, and where each step looked. */
export type ForcedResult = { readonly logits: Tensor; readonly weights: Tensor | null };

/**
 * Runs the whole network on known targets (teacher forcing).
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
  let state = initial;
  const vectors: Tensor[] = [];
  const weights: Tensor[] = [];
  scope("decoder", () =>
    inputs.forEach((projected) => {
      const step = decodeStep(config, params, memory, projected, state);
      state = step.state;
      vectors.push(step.attentional);
      if (step.weights) weights.push(step.weights);
    }),
  );
  const all = dropout(stack(vectors, 1), { ...drop, sharedAxes: [1] }); // (B, U, A)
  const flat = linear(params.output, reshape(all, [sizeOf([B, U]), config.attentionalSize]));
  return { logits: reshape(flat, [B, U, config.targetCount]), weights: weights.length > 0 ? stack(weights, 1) : null };
}

/** One free-running step. */
export type FreeStep = {
  readonly state: DecoderState<Tensor>;
  readonly logits: Tensor;
  readonly weights: Tensor | null;
};

/** One step of decoding: previous int32 (B) and a state -> logits (B, targetCount), weights (B, S) or null, the next state. */
export function decodeFree(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  memory: PreparedMemory | null,
  previous: Tensor,
  state: DecoderState<Tensor>,
): FreeStep {
  return scope("decoder", () => {
    const projected = projectTarget(params, previous, (x) => x);
    const step = decodeStep(config, params, memory, projected, state);
    return { state: step.state, logits: linear(params.output, step.attentional), weights: step.weights };
  });
}
