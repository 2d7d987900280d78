/** Training: losses, optimisers, schedules, the loop and its checkpoints. @module */
export { crossEntropy, perplexity, type CrossEntropyOptions } from "./losses.ts";
export { train, type StepResult, type TrainEvent, type TrainSettings, type TrainTask } from "./loop.ts";
export { constantRate, cosine, inverseSqrt, linearDecay, type Schedule, type WarmupOptions } from "./schedule.ts";
export { adamw, type AdamWOptions } from "./optim/adamw.ts";
export { sgd, type SgdOptions } from "./optim/sgd.ts";
export { clipByGlobalNorm, globalNorm } from "./optim/clip.ts";
export type { Optimizer, StepNumbers } from "./optim/optimizer.ts";
export { ema, emaDecay } from "./ema.ts";
export { loadCheckpoint, saveCheckpoint, type TrainProgress } from "./checkpoint.ts";
