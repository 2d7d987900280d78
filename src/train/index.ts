/** Training: losses, optimisers, schedules, averages. Runs in Node and in pages; the loop is `heed/train/loop`. @module */
export { crossEntropy, perplexity, type CrossEntropyOptions } from "./losses.ts";
export { constantRate, cosine, inverseSqrt, linearDecay, type Schedule, type WarmupOptions } from "./schedule.ts";
export { adamw, type AdamWOptions } from "./optim/adamw.ts";
export { sgd, type SgdOptions } from "./optim/sgd.ts";
export { clipByGlobalNorm, globalNorm } from "./optim/clip.ts";
export type { Optimizer, StepNumbers } from "./optim/optimizer.ts";
export { ema, emaDecay } from "./ema.ts";
