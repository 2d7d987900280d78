/** The training loop and its checkpoints. Needs Node: it writes to a folder. @module */
export { train } from "./train.ts";
export type { StepResult, TrainEvent, TrainSettings, TrainTask } from "./task.ts";
export { loadCheckpoint, saveCheckpoint, type TrainProgress } from "./checkpoint.ts";
