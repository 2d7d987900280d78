/** Models: the recurrent sequence-to-sequence network, the Transformer, the causal language model, and the pronouncer. @module */
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
export { positionSteps, type ForcedBatch } from "./seq2seq/position-steps.ts";
export { sampledRuns, type RunOptions, type SampledRuns } from "./seq2seq/sampled-runs.ts";
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

// The encoder-decoder Transformer; its decoder, batches and searches are those of the sequence-to-sequence network.
export {
  checkTransformerConfig,
  type TransformerConfig,
  type TransformerLayerConfig,
  type TransformerPositions,
} from "./transformer/config.ts";
export type { SymbolParams } from "./transformer/embed.ts";
export type { CrossLayerParams, SelfLayerParams, TransformerDropout } from "./transformer/layers.ts";
export {
  initTransformer,
  transformerEncode,
  transformerForced,
  transformerStep,
  type TransformerForced,
  type TransformerMemory,
  type TransformerParams,
  type TransformerStep,
} from "./transformer/model.ts";
export { emptyState, type StepState } from "./transformer/state.ts";
export { createTransformerDecoder } from "./transformer/decode.ts";
export { decodeTransformer, encodeTransformer } from "./transformer/weights.ts";
export type { StorageOptions } from "./parameter-file.ts";

// The causal language model.
export { checkLanguageModelConfig, type LanguageModelConfig } from "./language-model/config.ts";
export {
  initLanguageModel,
  languageModelLogits,
  languageModelSteps,
  type LanguageModelOptions,
  type LanguageModelParams,
  type LanguageModelSteps,
} from "./language-model/model.ts";
export { createGenerator, type Generated, type Generator, type GeneratorOptions } from "./language-model/generate.ts";
export type { GenerateOptions } from "./language-model/generate-options.ts";
export { choicesOf, sampleFrom, type Choices, type SampleOptions } from "./language-model/sample.ts";
export { decodeLanguageModel, encodeLanguageModel } from "./language-model/weights.ts";
