/** Attention: scores, normalizers and selections behind one interface. @module */
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
export { cells } from "./cells.ts";
export { additive, type AdditiveParams } from "./scores/additive.ts";
export { coverage, type CoverageParams } from "./scores/coverage.ts";
export { dot } from "./scores/dot.ts";
export { maskedSoftmax, softmaxNormalizer } from "./normalizers/softmax.ts";
export { soft } from "./selections/soft.ts";
