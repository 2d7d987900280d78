// What the training loop takes and tells: the task, the settings, the events.

import type { NdArray } from "../../core/ndarray.ts";
import type { Tree } from "../../core/tree.ts";
import type { TrainProgress } from "./checkpoint.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { Schedule } from "../schedule.ts";

/** Loss and gradients of one batch. */
export interface StepResult<P> {
  readonly loss: number;
  readonly grads: P;
  /** Numbers beside the loss, by name, the same names at every step; their averages are told with the loss's. Default: none. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What is trained: a model, its data, and how it is judged. `P` is the tree of parameters, `B` a batch. */
export interface TrainTask<P, B> {
  /** The first parameters; the loop trains them in place. */
  readonly params: P;
  /**
   * What the task carries from step to step besides the parameters, such as a baseline's average: float32 arrays that `step`
   * changes in place. They are kept in the checkpoint, so that a resumed training goes on with them. Default: nothing.
   */
  readonly state?: Tree<NdArray>;
  /** The batches of an epoch, a function of the epoch's number alone; every epoch has as many, and at least one. */
  batches(epoch: number): readonly B[];
  /** Examples (words, sentences) in a batch, for the throughput. */
  count(batch: B): number;
  step(params: P, batch: B, key: NdArray): Promise<StepResult<P>>;
  /**
   * Judges parameters on held-out data: lower scores are better; one that is not finite is never the best.
   * Throws the signal's reason where it stops early.
   */
  validate(
    params: P,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly score: number; readonly metrics: Readonly<Record<string, number>> }>;
  /** Names the site from which a loss that is not finite came, if it can. */
  diagnose?(params: P, batch: B, key: NdArray): Promise<string | null>;
}

/** How it is trained. */
export interface TrainSettings {
  readonly epochs: number;
  /** From 0 to 2^31 - 1. */
  readonly seed: number;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Largest global norm of the gradients. */
  readonly clip: number;
  /** Decay of the average of parameters that is validated and kept. */
  readonly averageDecay: number;
  /** Steps between validations. Default: once an epoch. */
  readonly validateEvery?: number;
  /** Steps without a better score after which training stops. Default: never. */
  readonly patience?: number;
  /** Seconds between checkpoints. Default 60. */
  readonly checkpointSeconds?: number;
  /** Steps between checkpoints, besides the seconds. Default: none. */
  readonly checkpointSteps?: number;
  /** Steps between progress events. Default 20. */
  readonly reportEvery?: number;
  /** A text that names everything that decides the run; a checkpoint of another is refused. */
  readonly fingerprint: string;
}

/** What the loop tells. */
export type TrainEvent =
  | { readonly type: "start"; readonly step: number; readonly totalSteps: number; readonly resumed: boolean }
  | {
      readonly type: "step";
      readonly step: number;
      readonly totalSteps: number;
      readonly epoch: number;
      /** Average since the last such event, as the metrics. */
      readonly loss: number;
      /** The averages of what the task tells beside its loss; absent where it tells nothing. */
      readonly metrics?: Readonly<Record<string, number>>;
      readonly rate: number;
      readonly norm: number;
      readonly perSecond: number;
      readonly etaSeconds: number;
      readonly seconds: number;
    }
  | {
      readonly type: "validation";
      readonly step: number;
      readonly epoch: number;
      readonly score: number;
      readonly metrics: Readonly<Record<string, number>>;
      readonly best: boolean;
      readonly seconds: number;
    }
  | { readonly type: "checkpoint"; readonly step: number; readonly path: string }
  | {
      readonly type: "done";
      readonly step: number;
      readonly reason: "finished" | "patience" | "aborted";
      readonly best: TrainProgress["best"];
      readonly seconds: number;
      /** Processor time of the process, user and system, over all runs. */
      readonly processorSeconds: number;
    };
