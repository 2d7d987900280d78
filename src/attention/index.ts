/**
 * Attention: scores, windows, normalizers and selections behind one interface; masks as values; scaled dot-product
 * attention over whole sequences; objectives for hard alignments.
 *
 * @module
 */
// First steps: what every course begins with.
export { softmax } from "../core/ops/softmax.ts";
export { scaledDotProduct, type ScaledDotProductOptions } from "./first-steps.ts";

// One query at a time: the stages of a cell.
export type {
  AttentionCell,
  AttentionResult,
  CellConfig,
  CellParams,
  History,
  Memory,
  Normalizer,
  PreparedMemory,
  Score,
  Selection,
  SelectionResult,
  SelectionStep,
  Window,
  WindowResult,
} from "./contract.ts";
export { attend, beginAttention, initAttention, prepareMemory, type AttendOptions } from "./attend.ts";
export { cellOf, cells, type CellOptions } from "./cells.ts";
export type { MechanismName } from "./mechanism-names.ts";

// Scores.
export { additive, type AdditiveParams } from "./scores/additive.ts";
export { bilinear, type BilinearParams } from "./scores/bilinear.ts";
export { concat, type ConcatParams } from "./scores/concat.ts";
export { cosine, type CosineOptions, type CosineParams } from "./scores/cosine.ts";
export { coverage, type CoverageParams } from "./scores/coverage.ts";
export { dot } from "./scores/dot.ts";
export { general, type GeneralParams } from "./scores/general.ts";
export { location, type LocationOptions, type LocationParams } from "./scores/location.ts";
export {
  locationSensitive,
  type LocationSensitiveOptions,
  type LocationSensitiveParams,
} from "./scores/location-sensitive.ts";
export { scaledDot } from "./scores/scaled-dot.ts";

// Windows.
export type { LocalOptions } from "./windows/local.ts";
export { localM } from "./windows/local-m.ts";
export { localP, type LocalPParams } from "./windows/local-p.ts";

// Normalizers: a function of scores, and the stage of a cell that is made of it.
export { entmax, entmaxNormalizer, type EntmaxOptions } from "./normalizers/entmax.ts";
export {
  learnedAlpha,
  learnedEntmax,
  type LearnedEntmaxOptions,
  type LearnedEntmaxParams,
} from "./normalizers/learned-entmax.ts";
export { offByOne, offByOneNormalizer } from "./normalizers/off-by-one.ts";
export { maskedSigmoid, sigmoidNormalizer } from "./normalizers/sigmoid.ts";
export { sinkNormalizer, sinkSoftmax, type SinkOptions, type SinkParams } from "./normalizers/sinks.ts";
export { maskedSoftmax, softmaxNormalizer } from "./normalizers/softmax.ts";
export { softmaxWith, softmaxWithNormalizer, type SoftmaxOptions } from "./normalizers/softmax-with.ts";
export { sparsemax, sparsemaxNormalizer } from "./normalizers/sparsemax.ts";
export { topKNormalizer, topKSoftmax, type TopKOptions } from "./normalizers/top-k.ts";

// Selections.
export { argMax } from "./selections/arg-max.ts";
export { hard, type HardOptions } from "./selections/hard.ts";
export { monotonic, monotonicAlignment, type MonotonicOptions } from "./selections/monotonic.ts";
export { gumbelSoftmax, straightThrough, type RelaxedOptions } from "./selections/relaxed.ts";
export { soft } from "./selections/soft.ts";
export { subset, type SubsetOptions } from "./selections/subset.ts";

// Objectives for alignments that are chosen, and what estimators of their gradients are held against.
export {
  learnedBaseline,
  leaveOneOut,
  movingAverage,
  noBaseline,
  selfCritical,
  type Baseline,
} from "./objectives/baselines.ts";
export type {
  AlignmentObjective,
  ObjectiveResult,
  PositionObjective,
  PositionSteps,
  SampledSteps,
  SampleObjective,
} from "./objectives/contract.ts";
export { exactGradient, expectedSubsetValue, expectedValue } from "./objectives/exact.ts";
export { marginal, marginalLogLikelihood } from "./objectives/marginal.ts";
export {
  monotonicLogLikelihood,
  monotonicMarginal,
  type MonotonicMarginalOptions,
  type Movement,
} from "./objectives/monotonic-marginal.ts";
export { reinforce, type ReinforceOptions } from "./objectives/reinforce.ts";
export type { Credit } from "./objectives/score-function.ts";
export { alignmentKl, sampledVariational, variational } from "./objectives/variational.ts";

// Masks.
export type {
  ExplainOptions,
  Mask,
  MaskCoordinates,
  MaskSizes,
  MaskStructure,
  MaskVerdict,
  RuleVerdict,
  Verdict,
} from "./masks/mask.ts";
export { fromAdditive } from "./masks/additive.ts";
export { and, not, or } from "./masks/algebra.ts";
export { allow } from "./masks/allow.ts";
export { bias } from "./masks/bias.ts";
export { causal, type AlignOptions } from "./masks/causal.ts";
export { coordinates, type CoordinateOptions } from "./masks/coordinates.ts";
export { documents, type DocumentOptions } from "./masks/documents.ts";
export type { EmptyRows } from "./masks/empty-rows.ts";
export { everything, nothing } from "./masks/everything.ts";
export { keyPadding } from "./masks/key-padding.ts";
export { lengths } from "./masks/lengths.ts";
export { maskMod, type MaskFunction, type MaskModOptions } from "./masks/mask-mod.ts";
export { maskTensor, type MaskTensors } from "./masks/mask-tensor.ts";
export { prefix, type PrefixOptions } from "./masks/prefix.ts";
export type { MaskSource } from "./masks/source.ts";
export { fromSdpa, fromTorchAttnMask, fromTorchKeyPadding } from "./masks/torch.ts";
export { window, type WindowOptions } from "./masks/window.ts";
export { from01, fromKeras } from "./masks/zero-one.ts";

// Scaled dot-product attention over whole sequences.
export { attention, type AttentionOptions } from "./dot-product/attention.ts";
export type { Lowering } from "./dot-product/lowering.ts";
export type { RowNormalizer, ScoreMod } from "./dot-product/rules.ts";

// Attention in memory that grows with the length: features in the place of pairs, and chunks that see their neighbours.
export { eluFeatures, type FeatureMap } from "./linear/features.ts";
export { linearAttention, type LinearAttentionOptions } from "./linear/linear-attention.ts";
export {
  orthogonalFeatures,
  positiveFeatures,
  type OrthogonalFeaturesOptions,
  type PositiveFeaturesOptions,
} from "./linear/random-features.ts";
export { emptyLinearState, type LinearState, type LinearStateOptions } from "./linear/state.ts";
export { chunkWindow, type ChunkWindowOptions } from "./local/chunk-window.ts";
export { localAttention, type LocalAttentionOptions } from "./local/local-attention.ts";

// Multi-head attention as a layer.
export { emptyCache, type CacheOptions, type MultiHeadCache } from "./multi-head/cache.ts";
export type { MultiHeadConfig, MultiHeadScores, MultiHeadSizes } from "./multi-head/config.ts";
export { layerHeadNorm, rmsHeadNorm, type HeadNorm, type HeadNormOptions } from "./multi-head/head-norm.ts";
export { multiHeadFromKeras, multiHeadToKeras } from "./multi-head/keras.ts";
export { attendMemory, projectMemory } from "./multi-head/memory.ts";
export { multiHead, type MultiHeadOptions } from "./multi-head/multi-head.ts";
export { initMultiHead, type MultiHeadParams } from "./multi-head/params.ts";
export type { TalkingHeads } from "./multi-head/talking-heads.ts";
export { multiHeadFromTorch, multiHeadToTorch, type TorchMultiHeadOptions } from "./multi-head/torch.ts";

// Positions.
export { alibi, alibiSlopes } from "./positions/alibi.ts";
export {
  addPositions,
  initLearnedPositions,
  learnedPositions,
  sinusoidal,
  type LearnedPositionsParams,
} from "./positions/embedded.ts";
export { relativeBias, relativeBuckets, type RelativeBiasOptions } from "./positions/relative-bias.ts";
export { rotary, type RotaryOptions } from "./positions/rotary.ts";
export type { PositionOptions } from "./positions/rows.ts";
export type { PositionScheme } from "./positions/scheme.ts";
export { fromStarts } from "./positions/starts.ts";

// Looking and changing from outside.
export { intervene, type Intervention, type InterventionContext } from "./observe/intervene.ts";
export { observe, type Observed, type ObserveOptions } from "./observe/observe.ts";
export type { SitePattern } from "./observe/pattern.ts";
export type { AttentionSite, WeightStage, WeightSummary } from "./observe/site.ts";
export { sites, type SiteFacts } from "./observe/sites.ts";

// Measures: plain functions over weights that were observed, and over functions that are traced.
export { alignmentErrorRate, type AlignmentScore, type ReferenceLinks } from "./measures/alignment-error-rate.ts";
export { attentionFlow } from "./measures/attention-flow.ts";
export { gradientTimesWeights, relevanceRollout, type WeightsAndGradients } from "./measures/gradient-times-weights.ts";
export { headImportance } from "./measures/head-importance.ts";
export type { HeadReduction } from "./measures/heads.ts";
export type { LayeredOptions } from "./measures/layered-weights.ts";
export { leaveOneOutChange, type LeaveOneOut, type LeaveOneOutOptions } from "./measures/leave-one-out.ts";
export { linksOf, type Link, type LinkOptions } from "./measures/links.ts";
export { meanDistance, type DistanceOptions } from "./measures/mean-distance.ts";
export { rollout } from "./measures/rollout.ts";
export { sinkShare, type SinkShareOptions } from "./measures/sink-share.ts";
export { spearman } from "./measures/spearman.ts";
export { weightsOfSteps } from "./measures/steps.ts";
export { valueNormWeights, type ValueNormWeights } from "./measures/value-norm-weights.ts";
export {
  coveragePenalty,
  weightCoverage,
  type CoverageOptions,
  type CoveragePenaltyOptions,
  type WeightCoverage,
} from "./measures/weight-coverage.ts";
export { weightEntropy, type WeightEntropy } from "./measures/weight-entropy.ts";
export { weightGradients, type WeightGradients } from "./measures/weight-gradients.ts";
