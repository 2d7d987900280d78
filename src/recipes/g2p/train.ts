// Training of the recipe in a folder: checkpoints to resume from, and a guard against data or settings that changed.

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../../core/errors.ts";
import { readCheckpointSettings } from "../../train/checkpoint.ts";
import { train, type TrainEvent } from "../../train/loop.ts";
import { adamw } from "../../train/optim/adamw.ts";
import { cosine } from "../../train/schedule.ts";
import type { G2pData } from "./data.ts";
import type { G2pSettings } from "./settings.ts";
import { g2pTask, g2pVocabularies } from "./task.ts";

/** The names of a training folder's files. */
export const trainingFiles = { last: "last.safetensors", best: "best.safetensors" } as const;

/** One training. */
export interface G2pTraining {
  readonly data: G2pData;
  readonly settings: G2pSettings;
  /** Where the checkpoints go. */
  readonly folder: string;
  /** Go on from the folder's checkpoint where there is one. Without it, a folder that holds a training is refused. */
  readonly resume?: boolean;
  /** Threads inside one op; runs are bit-identical for the same number. Default: the runtime's choice. */
  readonly threads?: number;
  /** Seconds and steps between checkpoints. Default 60 seconds. */
  readonly checkpointSeconds?: number;
  readonly checkpointSteps?: number;
  /** Steps between progress events. Default: 50 in all, and one every 20 at least. */
  readonly reportEvery?: number;
  readonly signal?: AbortSignal;
}

/**
 * Trains and tells what happens.
 *
 * @throws HeedError "file" when the folder holds a training and `resume` is not set, or one of other data or settings;
 *   "not-finite" when the loss is NaN or infinite.
 */
export async function* trainG2p(training: G2pTraining): AsyncGenerator<TrainEvent, void, undefined> {
  const { data, settings, folder, resume = false, threads, signal } = training;
  await guardFolder(training);
  const { split } = data;
  const vocabularies = g2pVocabularies(split.train, split.dev);
  const task = g2pTask(settings, split.train, split.dev, vocabularies, threads === undefined ? {} : { threads });
  const total = task.batches(0).length * settings.epochs;
  const { checkpointSeconds, checkpointSteps } = training;
  const reportEvery = training.reportEvery ?? Math.min(20, Math.max(1, Math.floor(total / 50)));
  try {
    yield* train(
      task,
      {
        epochs: settings.epochs,
        seed: settings.seed,
        optimizer: adamw({ weightDecay: settings.weightDecay }),
        schedule: cosine({ peak: settings.rate, warmup: Math.min(settings.warmup, total), total }),
        clip: settings.clip,
        averageDecay: settings.averageDecay,
        ...(checkpointSeconds === undefined ? {} : { checkpointSeconds }),
        ...(checkpointSteps === undefined ? {} : { checkpointSteps }),
        reportEvery,
        fingerprint: trainingFingerprint(data, settings),
      },
      { folder, resume, ...(signal === undefined ? {} : { signal }) },
    );
  } finally {
    await task.dispose();
  }
}

/** The text that a checkpoint carries: everything that decides the run. */
export function trainingFingerprint({ facts }: G2pData, settings: G2pSettings): string {
  const { kind, limit, digest } = facts;
  return JSON.stringify({ data: kind, settings, ...(limit === null ? {} : { limit }), digest });
}

/** Keeps trainings apart: none is overwritten by accident, none goes on with other words. */
async function guardFolder({ data, folder, resume = false }: G2pTraining): Promise<void> {
  const last = join(folder, trainingFiles.last);
  if (existsSync(last)) {
    if (!resume)
      throw fileError(folder, "the folder must hold no training", "one", "Resume it, or train into another folder.");
    // The checkpoint would be refused in any case; here it is said in words what hashes say to nobody.
    if (digestIn(await readCheckpointSettings(last)) !== data.facts.digest)
      throw fileError(
        folder,
        "a training must go on with the words it began with",
        `other words or pronunciations (${data.facts.name})`,
        "Train into another folder, or give the same data.",
      );
  }
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileError(folder, "the folder must be writable", cause instanceof Error ? cause.message : String(cause));
  });
}

/** The digest in a fingerprint; undefined where the text is of no training of this recipe. */
function digestIn(fingerprint: string): unknown {
  try {
    return (JSON.parse(fingerprint) as { readonly digest?: unknown } | null)?.digest;
  } catch {
    return undefined;
  }
}
