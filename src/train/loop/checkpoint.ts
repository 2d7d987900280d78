// Checkpoints of a training: everything that the next step depends on, in one safetensors file.

import { createHash } from "node:crypto";
import { fileError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { sameShape } from "../../core/tensor.ts";
import { leaves, type Tree } from "../../core/tree.ts";
import { readFileBounded, writeFileAtomic } from "../../files/node.ts";
import { decodeSafetensors, encodeSafetensors, type SafetensorsContents } from "../../files/safetensors.ts";

/** The version of the layout below; a file of another version is refused. */
export const checkpointVersion = 3;

/** Numbers that a training carries besides its arrays. */
export interface TrainProgress {
  /** Steps done. */
  readonly step: number;
  /** Epoch of the next step, and its batch within the epoch. */
  readonly epoch: number;
  readonly batch: number;
  /** Seconds of training so far, over all runs. */
  readonly seconds: number;
  /** Processor time of the training's processes, user and system, in seconds over all runs. */
  readonly processorSeconds: number;
  /** Best validation score so far (lower is better) and the step at which it came; null before the first. */
  readonly best: { readonly score: number; readonly step: number } | null;
  /** Sum and count of losses since the last report, so that reports are the same after a resume. */
  readonly lossSum: number;
  readonly lossCount: number;
  /** Sums of the task's metrics over the same steps, by name; absent where there are none. */
  readonly metricSums?: Readonly<Record<string, number>>;
  /** Whether the validation at `step` is still to be made: the run was stopped before its end. */
  readonly validationDue: boolean;
}

/** The progress before the first step. */
export const firstProgress: TrainProgress = {
  step: 0,
  epoch: 0,
  batch: 0,
  seconds: 0,
  processorSeconds: 0,
  best: null,
  lossSum: 0,
  lossCount: 0,
  validationDue: false,
};

/** Named groups of trees: `params`, `average`, the optimiser's slots, and `task` for what the task itself carries. */
export type TrainArrays = { readonly [group: string]: Tree<NdArray> };

/** Writes a checkpoint: to a temporary file, flushed, renamed. A kill leaves the old or the new one, whole. */
export async function saveCheckpoint(
  path: string,
  arrays: TrainArrays,
  progress: TrainProgress,
  settings: string,
): Promise<void> {
  const tensors: Record<string, NdArray> = {};
  for (const [name, array] of leaves<NdArray>(arrays)) tensors[name] = array;
  const text = JSON.stringify(progress);
  await writeFileAtomic(
    path,
    encodeSafetensors(tensors, {
      heed: "training",
      version: String(checkpointVersion),
      progress: text,
      progressHash: progressHash(text),
      settings,
    }),
  );
}

/** What a checkpoint says of its progress, so that a number that was changed, by a fault or by hand, is noticed. */
export function progressHash(progress: string): string {
  return createHash("sha256").update(progress).digest("hex");
}

/**
 * Reads a checkpoint into existing arrays, in place: all of them or none.
 *
 * @param settings - what the training is configured as; a checkpoint of another configuration is refused.
 * @throws HeedError (code `file`) naming the file and the tensor or the fact: another kind, version or configuration, a
 *   tensor missing, unknown, of another shape or not finite, progress that was changed or that no training can have made.
 */
export async function loadCheckpoint(path: string, arrays: TrainArrays, settings: string): Promise<TrainProgress> {
  const { tensors, metadata } = await readContents(path);
  if (metadata.get("settings") !== settings)
    throw fileError(
      path,
      "the checkpoint must be of the same settings",
      `\n  checkpoint: ${shorten(metadata.get("settings"))}\n  now:        ${shorten(settings)}`,
      "Train into another folder, or give the same settings.",
    );
  const text = metadata.get("progress") ?? "";
  if (metadata.get("progressHash") !== progressHash(text))
    throw fileError(path, "the checkpoint's progress must be as it was written", shorten(JSON.stringify(text)));
  const progress = checkProgress(path, text);
  copyInto(path, tensors, arrays);
  return progress;
}

/**
 * What a checkpoint's training is configured as, so that a caller can say in its own terms why it does not fit.
 *
 * @throws HeedError (code `file`) for another kind or version of file.
 */
export async function readCheckpointSettings(path: string): Promise<string> {
  return (await readContents(path)).metadata.get("settings") ?? "";
}

async function readContents(path: string): Promise<SafetensorsContents> {
  const contents = decodeSafetensors(await readFileBounded(path, { maxBytes: 2 ** 32 }), path);
  const [kind, version] = [contents.metadata.get("heed"), contents.metadata.get("version")];
  if (kind !== "training" || version !== String(checkpointVersion))
    throw fileError(
      path,
      `a training checkpoint of version ${checkpointVersion} is required`,
      kind === "training" ? `version ${shorten(version)}` : "another kind of file",
      kind === "training" ? "Go on with the heed that began it, or train anew." : undefined,
    );
  return contents;
}

/**
 * Copies tensors by dotted path into arrays of a tree, all of them or none.
 *
 * @throws HeedError when names, dtypes or shapes differ, or a value is not finite.
 */
export function copyInto(
  where: string,
  tensors: ReadonlyMap<string, NdArray>,
  into: TrainArrays | Tree<NdArray>,
): void {
  const targets = leaves<NdArray>(into);
  const wanted = new Set(targets.map(([name]) => name));
  for (const name of tensors.keys())
    if (!wanted.has(name))
      throw fileError(where, "every tensor must belong to the model", `an unknown tensor ${shorten(name)}`);
  for (const [name, target] of targets) {
    const tensor = tensors.get(name);
    if (!tensor) throw fileError(where, `tensor ${name} ${target.toString()} is required`, "none of that name");
    if (tensor.dtype !== target.dtype || !sameShape(tensor.shape, target.shape))
      throw fileError(where, `tensor ${name} must be ${target.toString()}`, tensor.toString());
    if (!(tensor.data as Float32Array).every(Number.isFinite))
      throw fileError(where, `tensor ${name} must be finite`, "NaN or Infinity");
  }
  for (const [name, target] of targets) (target.data as Float32Array).set(tensors.get(name)!.data as Float32Array);
}

/** The progress in a file's metadata, field by field: nothing else of it is kept. */
function checkProgress(path: string, text: string): TrainProgress {
  const { step, epoch, batch, seconds, processorSeconds, best, lossSum, lossCount, metricSums, validationDue } =
    parseRecord(text);
  if (
    isCount(step) &&
    isCount(epoch) &&
    isCount(batch) &&
    isCount(lossCount) &&
    isFinite(seconds) &&
    seconds >= 0 &&
    isFinite(processorSeconds) &&
    processorSeconds >= 0 &&
    isFinite(lossSum) &&
    (metricSums === undefined || Object.values(record(metricSums)).every(isFinite)) &&
    typeof validationDue === "boolean"
  ) {
    const sums = metricSums === undefined ? {} : { metricSums: record(metricSums) as Readonly<Record<string, number>> };
    const numbers = { step, epoch, batch, seconds, processorSeconds, lossSum, lossCount, ...sums, validationDue };
    if (best === null) return { ...numbers, best };
    const { score, step: at } = record(best);
    if (isFinite(score) && isCount(at) && at <= step) return { ...numbers, best: { score, step: at } };
  }
  throw fileError(path, "the checkpoint's progress must be whole", shorten(JSON.stringify(text)));
}

function parseRecord(text: string): Readonly<Record<string, unknown>> {
  try {
    return record(JSON.parse(text));
  } catch {
    return {};
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Text of a file in a message, cut to a line or two. */
function shorten(text = "none"): string {
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}
