// The training loop: an asynchronous stream of events that can be stopped, resumed bit by bit, and killed at any moment.

import { mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { checkOptions, fileError, HeedError, inputError } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { foldIn, randomKey } from "../../core/random.ts";
import { leaves, mapLeaves, type Tree } from "../../core/tree.ts";
import { removeStaleTemps, writeFileAtomic } from "../../files/node.ts";
import { encodeSafetensors } from "../../files/safetensors.ts";
import { firstProgress, loadCheckpoint, saveCheckpoint, type TrainArrays } from "./checkpoint.ts";
import { emaDecay, emaHost } from "../ema.ts";
import { globalNormHost } from "../optim/clip.ts";
import { checkTrainSettings } from "./settings.ts";
import type { TrainEvent, TrainSettings, TrainTask } from "./task.ts";

/**
 * Trains, telling what happens. The folder gets `last.safetensors` (everything, to resume) and `best.safetensors`
 * (the averaged parameters of the best validation).
 *
 * @param folder - where the checkpoints go; made when missing.
 * @param resume - continue from `last.safetensors` if it is there: the run goes on bit by bit as if never stopped.
 * @param signal - ends the run at the next step, or within a validation that heeds it; a resume makes up for the latter.
 * @throws HeedError (code `not-finite`) with the step and the site when the loss is NaN or infinite; the last checkpoint stays.
 * @throws HeedError for settings that are unknown or out of range, a task without batches, and a checkpoint that is damaged or of other data.
 */
export async function* train<P, B>(
  task: TrainTask<P, B>,
  settings: TrainSettings,
  options: { readonly folder: string; readonly resume?: boolean; readonly signal?: AbortSignal },
): AsyncGenerator<TrainEvent, void, undefined> {
  checkTrainSettings(settings);
  checkOptions("train", options, ["folder", "resume", "signal"]);
  const { folder, resume = false, signal } = options;
  await mkdir(folder, { recursive: true });
  await removeStaleTemps(folder);
  const last = join(folder, "last.safetensors");
  const params = task.params as Tree<NdArray>;
  const state = settings.optimizer.init(params);
  const average = mapLeaves<NdArray, NdArray>(
    params,
    (a) => new NdArray(a.dtype, a.shape, (a.data as Float32Array).slice()),
  );
  const arrays: TrainArrays = { params, average, ...state, ...(task.state === undefined ? {} : { task: task.state }) };
  let progress = firstProgress;
  const resumed = resume && existsSync(last);
  if (resumed) progress = await loadCheckpoint(last, arrays, settings.fingerprint);
  /** The progress that the folder's checkpoint holds. */
  let kept = resumed ? progress : null;

  const key = foldIn(randomKey(settings.seed), 0x5eed);
  let batches = task.batches(progress.epoch);
  const perEpoch = batches.length;
  if (perEpoch === 0) throw inputError("train", "an epoch must have at least one batch", "none");
  if (progress.batch >= perEpoch || progress.step !== progress.epoch * perEpoch + progress.batch)
    throw fileError(
      last,
      `the checkpoint must be of this data, ${perEpoch} batches an epoch`,
      `step ${progress.step} at epoch ${progress.epoch}, batch ${progress.batch}`,
      "Train into another folder, or give the same data.",
    );
  const totalSteps = perEpoch * settings.epochs;
  const validateEvery = settings.validateEvery ?? perEpoch;
  const clock = performance.now();
  let saved = clock;
  const processor = process.cpuUsage();
  const before = progress;
  const seconds = (): number => before.seconds + (performance.now() - clock) / 1000;
  const processorSeconds = (): number => {
    const { user, system } = process.cpuUsage(processor);
    return before.processorSeconds + (user + system) / 1e6;
  };
  const save = async (): Promise<TrainEvent> => {
    progress = { ...progress, seconds: seconds(), processorSeconds: processorSeconds() };
    await saveCheckpoint(last, arrays, progress, settings.fingerprint);
    kept = progress;
    saved = performance.now();
    return { type: "checkpoint", step: progress.step, path: last };
  };
  /** Judges the average and keeps it where it is the best; null when the signal came first. */
  const validate = async (): Promise<TrainEvent | null> => {
    const judged = await task.validate(average as P, signal).catch((error: unknown) => {
      if (signal?.aborted && error === signal.reason) return null;
      throw error;
    });
    if (judged === null) return null;
    const { step } = progress;
    const { score, metrics } = judged;
    const best = Number.isFinite(score) && (progress.best === null || score < progress.best.score);
    if (best) {
      const facts = { heed: "parameters", step: String(step), score: String(score) };
      const tensors = Object.fromEntries(leaves<NdArray>(average));
      await writeFileAtomic(join(folder, "best.safetensors"), encodeSafetensors(tensors, facts));
    }
    progress = { ...progress, best: best ? { score, step } : progress.best, validationDue: false };
    // An epoch's last step has moved the progress on to the next epoch.
    const epoch = progress.batch === 0 ? progress.epoch - 1 : progress.epoch;
    return { type: "validation", step, epoch, score, metrics, best, seconds: seconds() };
  };
  yield { type: "start", step: progress.step, totalSteps, resumed };

  let examples = 0;
  let steps = 0;
  let since = performance.now();
  let reason: "finished" | "patience" | "aborted" = "finished";
  for (;;) {
    if (progress.validationDue && !signal?.aborted) {
      const pause = performance.now();
      const judged = await validate();
      if (judged !== null) {
        yield judged;
        yield await save();
      }
      // Validation and saving do not count against the throughput.
      since += performance.now() - pause;
    }
    if (progress.epoch >= settings.epochs && !progress.validationDue) break;
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
    const { loss, grads, metrics } = await task.step(params as P, batch, stepKey);
    const norm = globalNormHost(grads as Tree<NdArray>);
    if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
      const site = await task.diagnose?.(params as P, batch, stepKey);
      throw new HeedError({
        code: "not-finite",
        where: "train",
        expected: `the loss and the gradients must be finite at step ${progress.step + 1}`,
        got: `loss ${loss}, gradient norm ${norm}${site ? `; first not finite at ${site}` : ""}`,
        // A checkpoint goes on with its own settings alone, so another rate needs another training.
        hint: `Train anew with a lower rate; ${kept === null ? "there is no checkpoint yet" : `the checkpoint of step ${kept.step} is whole`}.`,
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
      ...(metrics === undefined ? {} : { metricSums: summed(progress.metricSums ?? {}, metrics) }),
      validationDue: step % validateEvery === 0 || step === totalSteps,
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
        ...(progress.metricSums === undefined ? {} : { metrics: averaged(progress.metricSums, progress.lossCount) }),
        rate,
        norm,
        perSecond,
        etaSeconds: perStep * (totalSteps - step),
        seconds: seconds(),
      };
      const { metricSums: _, ...rest } = progress;
      progress = { ...rest, lossSum: 0, lossCount: 0 };
      examples = 0;
      steps = 0;
      since = performance.now();
    }
    if (
      !progress.validationDue &&
      (performance.now() - saved > (settings.checkpointSeconds ?? 60) * 1000 ||
        (settings.checkpointSteps !== undefined && step % settings.checkpointSteps === 0))
    ) {
      const pause = performance.now();
      yield await save();
      since += performance.now() - pause;
    }
  }
  if (kept !== progress) yield await save();
  const spent = { seconds: seconds(), processorSeconds: processorSeconds() };
  yield { type: "done", step: progress.step, reason, best: progress.best, ...spent };
}

/** Sums by name; a name that is new begins at 0. */
function summed(
  sums: Readonly<Record<string, number>>,
  metrics: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, (sums[name] ?? 0) + value]));
}

function averaged(sums: Readonly<Record<string, number>>, count: number): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count]));
}
