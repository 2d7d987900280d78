// Training of the recipe in a folder: checkpoints to resume from, and a guard against data or settings that changed.

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../../core/errors.ts";
import { readCheckpointSettings } from "../../train/loop/checkpoint.ts";
import type { TrainEvent } from "../../train/loop/task.ts";
import { train } from "../../train/loop/train.ts";
import { adamw } from "../../train/optim/adamw.ts";
import { cosine } from "../../train/schedule.ts";
import type { G2pData } from "./data.ts";
import { usualThreads, type G2pSettings } from "./settings.ts";
import { g2pTask, g2pVocabularies } from "./task.ts";

/** The names of a training folder's files. */
export const trainingFiles = { last: "last.safetensors", best: "best.safetensors" } as const;

/**
 * The version of what a training computes from its data and settings: network, loss, batches, random numbers, optimiser.
 * Raise it with every change that gives other parameters for the same settings, be it in the last bit: a checkpoint of
 * before the change is then refused rather than continued as a mixture of both.
 */
export const computationVersion = 2;

/** One training. */
export interface G2pTraining {
  readonly data: G2pData;
  readonly settings: G2pSettings;
  /** Where the checkpoints go. */
  readonly folder: string;
  /** Go on from the folder's checkpoint where there is one. Without it, a folder that holds a training is refused. */
  readonly resume?: boolean;
  /** Threads inside one op; runs are bit-identical for the same number. Default: `usualThreads()`. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/**
 * Trains and tells what happens.
 *
 * @throws HeedError "file" when the folder holds a training and `resume` is not set, or one of other data, settings,
 *   number of threads or version of the computation; "not-finite" when the loss is NaN or infinite.
 */
export async function* trainG2p(training: G2pTraining): AsyncGenerator<TrainEvent, void, undefined> {
  const { data, settings, folder, resume = false, threads = usualThreads(), signal } = training;
  await guardFolder({ data, folder, resume, threads });
  const { split } = data;
  const vocabularies = g2pVocabularies(split.train, split.dev);
  const task = g2pTask(settings, split.train, split.dev, vocabularies, { threads });
  const total = task.batches(0).length * settings.epochs;
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
        ...(settings.patience === undefined ? {} : { patience: settings.patience }),
        // 50 reports in all, and one every 20 steps at least.
        reportEvery: Math.min(20, Math.max(1, Math.floor(total / 50))),
        fingerprint: trainingFingerprint(data, settings, threads),
      },
      { folder, resume, ...(signal === undefined ? {} : { signal }) },
    );
  } finally {
    await task.dispose();
  }
}

/** The text that a checkpoint carries: everything that decides the run. */
export function trainingFingerprint({ facts }: G2pData, settings: G2pSettings, threads: number): string {
  const { kind, limit, digest } = facts;
  const data = { data: kind, settings, ...(limit === null ? {} : { limit }), digest };
  return JSON.stringify({ version: computationVersion, ...data, threads });
}

/** Keeps trainings apart: none is overwritten by accident, none goes on with other words, threads or another computation. */
async function guardFolder({
  data,
  folder,
  resume,
  threads,
}: Required<Pick<G2pTraining, "data" | "folder" | "resume" | "threads">>): Promise<void> {
  const last = join(folder, trainingFiles.last);
  if (existsSync(last)) {
    if (!resume)
      throw fileError(folder, "the folder must hold no training", "one", "Resume it, or train into another folder.");
    // The checkpoint would be refused in any case; here it is said in words what a long text says to nobody.
    const begun = begunAs(await readCheckpointSettings(last));
    if (begun.version !== computationVersion)
      throw fileError(
        folder,
        `a training must go on with the computation it began with, version ${begun.version ?? "unknown"}`,
        `version ${computationVersion}`,
        "Go on with the heed that began it, or train into another folder.",
      );
    if (begun.digest !== data.facts.digest)
      throw fileError(
        folder,
        "a training must go on with the words it began with",
        `other words or pronunciations (${data.facts.name})`,
        "Train into another folder, or give the same data.",
      );
    if (begun.threads !== null && begun.threads !== threads)
      throw fileError(
        folder,
        `a training must go on with as many threads as it began with, ${begun.threads}`,
        String(threads),
        `Give --threads ${begun.threads}; with another number sums are rounded otherwise.`,
      );
  }
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileError(folder, "the folder must be writable", cause instanceof Error ? cause.message : String(cause));
  });
}

/** What a fingerprint says of how its training began; null for what it does not say, as one of another recipe. */
function begunAs(
  fingerprint: string,
): Readonly<{ version: number | null; digest: string | null; threads: number | null }> {
  let facts: Readonly<Record<string, unknown>> = {};
  try {
    facts = (JSON.parse(fingerprint) ?? {}) as typeof facts;
  } catch {
    // Not of this recipe: nothing is known.
  }
  const { version, digest, threads } = facts;
  const number = (value: unknown): number | null => (Number.isSafeInteger(value) ? (value as number) : null);
  return { version: number(version), digest: typeof digest === "string" ? digest : null, threads: number(threads) };
}
