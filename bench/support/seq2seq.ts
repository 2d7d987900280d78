// The LSTM encoder-decoder with additive attention that is measured: the library's own model at the sizes of the engine's trial.
// The trial fed the context to the decoder and read the output from [context; hidden]; the library's model has Luong's
// attentional vector between them and a bridge from encoder to decoder, so its operations are counted rather than quoted.

import { NdArray } from "../../src/core/ndarray.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { forced, type Seq2SeqParams } from "../../src/models/seq2seq/model.ts";
import type { Seq2SeqConfig } from "../../src/models/seq2seq/config.ts";
import { crossEntropy } from "../../src/train/losses.ts";

/** Batch, source length and target length of the step that is measured. */
export const seq2seqSizes = { B: 128, S: 12, U: 12 } as const;

export const seq2seqConfig: Seq2SeqConfig = {
  sourceCount: 72,
  targetCount: 72,
  embeddingSize: 128,
  encoderSize: 256,
  encoderLayers: 1,
  decoderSize: 256,
  attentionalSize: 256,
  attention: "additive",
  alignmentSize: 256,
  inputFeeding: true,
};

/** A batch of symbols without padding. */
export type Seq2SeqBatch<T> = { readonly source: T; readonly previous: T; readonly target: T };

export function seq2seqBatch(): Seq2SeqBatch<NdArray> {
  const { B, S, U } = seq2seqSizes;
  const symbols = (width: number, factor: number): NdArray =>
    new NdArray(
      "int32",
      [B, width],
      Int32Array.from({ length: B * width }, (_, i) => 3 + ((i * factor) % (seq2seqConfig.sourceCount - 3))),
    );
  return { source: symbols(S, 7), previous: symbols(U, 11), target: symbols(U, 13) };
}

/** Mean cross-entropy of the teacher-forced targets. */
export function seq2seqLoss(params: Seq2SeqParams<Tensor>, { source, previous, target }: Seq2SeqBatch<Tensor>): Tensor {
  return crossEntropy(forced(seq2seqConfig, params, source, null, previous).logits, target).loss;
}
