/** Attention: scores, normalizers and selections behind one interface. @module */
export type { AttentionCell, AttentionResult, Memory, Normalizer, Score, ScoreConfig, Selection } from "./contract.ts";
export { attend, cells, prepareMemory, type PreparedMemory } from "./attend.ts";
export { additive, type AdditiveParams } from "./scores/additive.ts";
export { dot } from "./scores/dot.ts";
export { maskedSoftmax } from "./normalizers/softmax.ts";
export { soft } from "./selections/soft.ts";
