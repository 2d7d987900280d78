/** Attention: scores, normalizers and selections behind one interface. @module */
export type {
  AttentionCell,
  AttentionResult,
  History,
  Memory,
  Normalizer,
  Score,
  ScoreConfig,
  Selection,
} from "./contract.ts";
export { attend, beginAttention, cells, prepareMemory, type AttendOptions, type PreparedMemory } from "./attend.ts";
export { additive, type AdditiveParams } from "./scores/additive.ts";
export { coverage, type CoverageParams } from "./scores/coverage.ts";
export { dot } from "./scores/dot.ts";
export { maskedSoftmax } from "./normalizers/softmax.ts";
export { soft } from "./selections/soft.ts";
