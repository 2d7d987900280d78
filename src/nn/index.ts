/**
 * Layers: each is a type of parameters `XParams<T>`, a function `initX(config, rng)` and a function `x(params, input, options?)`.
 * Parameters are plain trees, so one type holds arrays, graph nodes, gradients, moments and checkpoint keys; randomness
 * and the difference between training and evaluation are explicit arguments. `xFromTorch` and `xToTorch` take over
 * the parameters of torch's modules.
 *
 * @module
 */
export { initLinear, linear, type LinearConfig, type LinearParams } from "./linear.ts";
export { embedding, initEmbedding, type EmbeddingConfig, type EmbeddingParams } from "./embedding.ts";
export { initLayerNorm, layerNorm, type LayerNormOptions, type LayerNormParams } from "./layer-norm.ts";
export { feedForward, initFeedForward, type FeedForwardConfig, type FeedForwardParams } from "./feed-forward.ts";
export { dropout, type DropoutOptions } from "./dropout.ts";
export {
  biLstm,
  initBiLstm,
  initLstm,
  lstm,
  lstmGates,
  lstmStep,
  zeroState,
  type BiLstmOptions,
  type BiLstmParams,
  type LstmConfig,
  type LstmOptions,
  type LstmParams,
  type LstmResult,
  type LstmState,
} from "./lstm.ts";
export {
  biGru,
  gru,
  gruCell,
  gruStep,
  initBiGru,
  initGru,
  type BiGruOptions,
  type BiGruParams,
  type GruCell,
  type GruConfig,
  type GruForm,
  type GruOptions,
  type GruParams,
  type GruReset,
  type GruResult,
  type GruState,
} from "./gru.ts";
export { stackLayers, type LayerResult, type StackResult } from "./stack.ts";
export {
  embeddingFromTorch,
  embeddingToTorch,
  layerNormFromTorch,
  layerNormToTorch,
  linearFromTorch,
  linearToTorch,
} from "./torch.ts";
export {
  biGruFromTorch,
  biLstmFromTorch,
  gruFromTorch,
  gruToTorch,
  lstmFromTorch,
  lstmToTorch,
} from "./torch-recurrent.ts";
export type { TorchOptions, TorchState } from "./torch-state.ts";
