// The parameters of the sequence-to-sequence network: their tree, which is also the layout of its file, and their first values.
// Sizes: E embedding, H encoder state (2H both directions), D decoder state, A attentional vector.

import { initAttention } from "../../attention/attend.ts";
import { cellOf } from "../../attention/cells.ts";
import type { AttentionCell, CellParams } from "../../attention/contract.ts";
import type { NdArray } from "../../core/ndarray.ts";
import type { Rng } from "../../core/random.ts";
import { initEmbedding, type EmbeddingParams } from "../../nn/embedding.ts";
import { initLinear, type LinearParams } from "../../nn/linear.ts";
import { initBiLstm, initLstm, type BiLstmParams, type LstmParams } from "../../nn/lstm.ts";
import { checkSeq2SeqConfig, type Seq2SeqConfig } from "./config.ts";

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
  /** From [context; hidden] to the attentional vector (A); where positions are summed out, from [value; hidden]. */
  readonly combine: LinearParams<T>;
  readonly output: LinearParams<T>;
};

/** Parameters drawn from `rng`, in a fixed order. */
export function initSeq2Seq(config: Seq2SeqConfig, rng: Rng): Seq2SeqParams<NdArray> {
  checkSeq2SeqConfig("initSeq2Seq", config);
  const { embeddingSize: E, encoderSize: H, decoderSize: D, attentionalSize: A } = config;
  const cell = mechanismOf(config);
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
 * The mechanism of a configuration; null without attention.
 *
 * @param semiSampling - for `hard` while it is trained: the probability that a step attends softly. Default 0.
 */
export function mechanismOf(
  { attention, reach, longestSource }: Pick<Seq2SeqConfig, "attention" | "reach" | "longestSource">,
  semiSampling = 0,
): AttentionCell | null {
  if (attention === "none") return null;
  return cellOf(attention, {
    ...(reach === undefined ? {} : { reach }),
    ...(longestSource === undefined ? {} : { longest: longestSource }),
    semiSampling,
  });
}
