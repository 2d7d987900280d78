// Checkpoints of a training: everything that the next step depends on, in one safetensors file.

import { fileError } from "../core/errors.ts";
import type { NdArray } from "../core/ndarray.ts";
import { sameShape } from "../core/tensor.ts";
import { leaves, mapTree, type Tree } from "../core/tree.ts";
import { readFileBounded, writeFileAtomic } from "../files/node.ts";
import { decodeSafetensors, encodeSafetensors } from "../files/safetensors.ts";

/** The version of the layout below; a file of another version is refused. */
export const checkpointVersion = 1;

/** Numbers that a training carries besides its arrays. */
export interface TrainProgress {
  /** Steps done. */
  readonly step: number;
  /** Epoch of the next step, and its batch within the epoch. */
  readonly epoch: number;
  readonly batch: number;
  /** Seconds of training so far, over all runs. */
  readonly seconds: number;
  /** Best validation score so far (lower is better) and the step at which it came; null before the first. */
  readonly best: { readonly score: number; readonly step: number } | null;
  /** Sum and count of losses since the last report, so that reports are the same after a resume. */
  readonly lossSum: number;
  readonly lossCount: number;
}

/** Named groups of trees: `params`, `average`, and the optimiser's slots. */
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
  await writeFileAtomic(
    path,
    encodeSafetensors(tensors, {
      heed: "training",
      version: String(checkpointVersion),
      progress: JSON.stringify(progress),
      settings,
    }),
  );
}

/**
 * Reads a checkpoint into existing arrays, in place.
 *
 * @param settings - what the training is configured as; a checkpoint of another configuration is refused.
 * @throws HeedError naming the file and the tensor, when a tensor is missing, unknown or of another shape.
 */
export async function loadCheckpoint(path: string, arrays: TrainArrays, settings: string): Promise<TrainProgress> {
  const { tensors, metadata } = decodeSafetensors(await readFileBounded(path, { maxBytes: 2 ** 32 }), path);
  const version = metadata.get("version");
  if (metadata.get("heed") !== "training" || version !== String(checkpointVersion))
    throw fileError(
      path,
      `a training checkpoint of version ${checkpointVersion} is required`,
      version === undefined ? "another kind of file" : `version ${version}`,
    );
  if (metadata.get("settings") !== settings)
    throw fileError(
      path,
      "the checkpoint must be of the same settings",
      `\n  checkpoint: ${metadata.get("settings")}\n  now:        ${settings}`,
      "Train into another folder, or give the same settings.",
    );
  copyInto(path, tensors, arrays);
  return checkProgress(path, metadata.get("progress") ?? "");
}

/** Copies tensors by dotted path into arrays of a tree. @throws HeedError when names, dtypes or shapes differ. */
export function copyInto(
  where: string,
  tensors: ReadonlyMap<string, NdArray>,
  into: TrainArrays | Tree<NdArray>,
): void {
  const wanted = new Set<string>();
  mapTree<unknown, NdArray, null>(into, (target, name) => {
    wanted.add(name);
    const tensor = tensors.get(name);
    if (!tensor) throw fileError(where, `tensor ${name} ${target.toString()} is required`, "none of that name");
    if (tensor.dtype !== target.dtype || !sameShape(tensor.shape, target.shape))
      throw fileError(where, `tensor ${name} must be ${target.toString()}`, tensor.toString());
    (target.data as Float32Array).set(tensor.data as Float32Array);
    return null;
  });
  for (const name of tensors.keys())
    if (!wanted.has(name)) throw fileError(where, "every tensor must belong to the model", `an unknown tensor ${name}`);
}

function checkProgress(path: string, text: string): TrainProgress {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const progress = value as TrainProgress | null;
  const counts =
    progress &&
    [progress.step, progress.epoch, progress.batch, progress.lossCount].every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!progress || !counts || !Number.isFinite(progress.seconds) || !Number.isFinite(progress.lossSum))
    throw fileError(path, "the checkpoint's progress must be whole", JSON.stringify(text.slice(0, 120)));
  return progress;
}
