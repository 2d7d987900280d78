// The training loop: an asynchronous stream of events that can be stopped, resumed bit by bit, and killed at any moment.

import { mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HeedError } from "../core/errors.ts";
import { NdArray } from "../core/ndarray.ts";
import { foldIn, randomKey } from "../core/random.ts";
import { leaves, mapLeaves, type Tree } from "../core/tree.ts";
import { removeStaleTemps, writeFileAtomic } from "../files/node.ts";
import { encodeSafetensors } from "../files/safetensors.ts";
import { loadCheckpoint, saveCheckpoint, type TrainArrays, type TrainProgress } from "./checkpoint.ts";
import { emaDecay, emaHost } from "./ema.ts";
import { globalNormHost } from "./optim/clip.ts";
import type { Optimizer } from "./optim/optimizer.ts";
import type { Schedule } from "./schedule.ts";

/** Loss and gradients of one batch. */
export interface StepResult<P> {
  readonly loss: number;
  readonly grads: P;
}

/** What is trained: a model, its data, and how it is judged. `P` is the tree of parameters, `B` a batch. */
export interface TrainTask<P, B> {
  /** The first parameters; the loop trains them in place. */
  readonly params: P;
  /** The batches of an epoch, a function of the epoch's number alone. */
  batches(epoch: number): readonly B[];
  /** Examples (words, sentences) in a batch, for the throughput. */
  count(batch: B): number;
  step(params: P, batch: B, key: NdArray): Promise<StepResult<P>>;
  /** Judges parameters on held-out data: lower scores are better. */
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
      readonly loss: number;
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
    };

/**
 * Trains, telling what happens. The folder gets `last.safetensors` (everything, to resume) and `best.safetensors`
 * (the averaged parameters of the best validation).
 *
 * @param folder - where the checkpoints go; made when missing.
 * @param resume - continue from `last.safetensors` if it is there: the run goes on bit by bit as if never stopped.
 * @throws HeedError (code `not-finite`) with the step and the site when the loss is NaN or infinite; the last checkpoint stays.
 */
export async function* train<P, B>(
  task: TrainTask<P, B>,
  settings: TrainSettings,
  {
    folder,
    resume = false,
    signal,
  }: { readonly folder: string; readonly resume?: boolean; readonly signal?: AbortSignal },
): AsyncGenerator<TrainEvent, void, undefined> {
  await mkdir(folder, { recursive: true });
  await removeStaleTemps(folder);
  const last = join(folder, "last.safetensors");
  const params = task.params as Tree<NdArray>;
  const state = settings.optimizer.init(params);
  const average = mapLeaves<NdArray, NdArray>(
    params,
    (a) => new NdArray(a.dtype, a.shape, (a.data as Float32Array).slice()),
  );
  const arrays: TrainArrays = { params, average, ...state };
  let progress: TrainProgress = { step: 0, epoch: 0, batch: 0, seconds: 0, best: null, lossSum: 0, lossCount: 0 };
  const resumed = resume && existsSync(last);
  if (resumed) progress = await loadCheckpoint(last, arrays, settings.fingerprint);

  const key = foldIn(randomKey(settings.seed), 0x5eed);
  let batches = task.batches(progress.epoch);
  const perEpoch = batches.length;
  const totalSteps = perEpoch * settings.epochs;
  const validateEvery = settings.validateEvery ?? perEpoch;
  let clock = performance.now();
  let saved = clock;
  const before = progress.seconds;
  const seconds = (): number => before + (performance.now() - clock) / 1000;
  const save = async (): Promise<TrainEvent> => {
    progress = { ...progress, seconds: seconds() };
    await saveCheckpoint(last, arrays, progress, settings.fingerprint);
    saved = performance.now();
    return { type: "checkpoint", step: progress.step, path: last };
  };
  yield { type: "start", step: progress.step, totalSteps, resumed };

  let examples = 0;
  let steps = 0;
  let since = performance.now();
  let reason: "finished" | "patience" | "aborted" = "finished";
  while (progress.epoch < settings.epochs) {
    if (signal?.aborted) {
      reason = "aborted";
      break;
    }
    if (settings.patience !== undefined && progress.best && progress.step - progress.best.step >= settings.patience) {
      reason = "patience";
      break;
    }
    const batch = batches[progress.batch]!;
    const stepKey = foldIn(key, progress.step);
    const { loss, grads } = await task.step(params as P, batch, stepKey);
    const norm = globalNormHost(grads as Tree<NdArray>);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      const site = await task.diagnose?.(params as P, batch, stepKey);
      throw new HeedError({
        code: "not-finite",
        where: "train",
        expected: `the loss and the gradients must be finite at step ${progress.step}`,
        got: `loss ${loss}, gradient norm ${norm}${site ? `; first not finite at ${site}` : ""}`,
        hint: "Lower the learning rate; the last checkpoint is whole.",
      });
    }
    const rate = settings.schedule(progress.step);
    settings.optimizer.updateHost(
      params,
      grads as Tree<NdArray>,
      state,
      { rate, time: progress.step + 1 },
      norm > settings.clip ? settings.clip / norm : 1,
    );
    emaHost(average, params, emaDecay(settings.averageDecay, progress.step));
    examples += task.count(batch);
    steps++;
    const step = progress.step + 1;
    const ended = progress.batch + 1 === perEpoch;
    const epoch = progress.epoch;
    progress = {
      ...progress,
      step,
      epoch: ended ? epoch + 1 : epoch,
      batch: ended ? 0 : progress.batch + 1,
      lossSum: progress.lossSum + loss,
      lossCount: progress.lossCount + 1,
    };
    if (ended && progress.epoch < settings.epochs) batches = task.batches(progress.epoch);

    if (step % (settings.reportEvery ?? 20) === 0 || step === totalSteps) {
      const now = performance.now();
      const perSecond = (examples * 1000) / Math.max(1, now - since);
      const perStep = (now - since) / 1000 / Math.max(1, steps);
      yield {
        type: "step",
        step,
        totalSteps,
        epoch,
        loss: progress.lossSum / progress.lossCount,
        rate,
        norm,
        perSecond,
        etaSeconds: perStep * (totalSteps - step),
        seconds: seconds(),
      };
      progress = { ...progress, lossSum: 0, lossCount: 0 };
      examples = 0;
      steps = 0;
      since = performance.now();
    }
    const pause = performance.now();
    if (step % validateEvery === 0 || step === totalSteps) {
      const { score, metrics } = await task.validate(average as P, signal);
      const best = progress.best === null || score < progress.best.score;
      if (best) {
        progress = { ...progress, best: { score, step } };
        await writeFileAtomic(
          join(folder, "best.safetensors"),
          encodeSafetensors(Object.fromEntries(leaves<NdArray>(average)), {
            heed: "parameters",
            step: String(step),
            score: String(score),
          }),
        );
      }
      yield { type: "validation", step, epoch, score, metrics, best, seconds: seconds() };
      yield await save();
    } else if (
      performance.now() - saved > (settings.checkpointSeconds ?? 60) * 1000 ||
      (settings.checkpointSteps !== undefined && step % settings.checkpointSteps === 0)
    ) {
      yield await save();
    }
    // Validation and saving do not count against the throughput.
    since += performance.now() - pause;
  }
  yield await save();
  yield { type: "done", step: progress.step, reason, best: progress.best, seconds: seconds() };
}
