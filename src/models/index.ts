/** Models: the sequence-to-sequence network and the pronouncer that is made of it. @module */
export { checkSeq2SeqConfig, type Seq2SeqConfig } from "./seq2seq/config.ts";
export {
  decodeFree,
  encode,
  forced,
  initSeq2Seq,
  type DecoderState,
  type Encoded,
  type ForcedResult,
  type FreeStep,
  type Regularization,
  type Seq2SeqParams,
} from "./seq2seq/model.ts";
export { epochBatches, pairArrays, type Pair, type PairBatch } from "./seq2seq/batches.ts";
export { createDecoder, type Decoder, type DecoderOptions } from "./seq2seq/decode.ts";
export type { DecodeOptions, Hypothesis } from "./seq2seq/search.ts";
export { decodeSeq2Seq, encodeSeq2Seq } from "./seq2seq/weights.ts";
export { decodePronounceModel, encodePronounceModel, pronounceFiles, type PronounceModel } from "./pronounce/model.ts";
export { longestWord } from "../text/word.ts";
export { checkWord, type CheckedWord, type WordProblem } from "./pronounce/check-word.ts";
export {
  createPronouncer,
  wordLengths,
  type Alignment,
  type PronounceOptions,
  type PronounceResult,
  type Pronouncer,
  type Pronunciation,
} from "./pronounce/pronouncer.ts";
