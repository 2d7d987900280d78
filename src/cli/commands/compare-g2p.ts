// heed compare g2p: no attention against attention under one budget, or models that are there, on the same words.

import { join } from "node:path";
import type { HeldOut, Measurement } from "../../recipes/g2p/measure.ts";
import type { CommandOption, Command, CommandCall } from "../command.ts";
import { oneOf, path } from "../command.ts";
import type { Console } from "../console.ts";
import { defaultFolder, settingsOf, trainOptions, type TrainFlags } from "../train-options.ts";
import { UsageError } from "../usage.ts";

interface CompareFlags extends TrainFlags {
  readonly models?: readonly string[];
  readonly split?: HeldOut;
  readonly out?: string;
}

const modelsOption: CommandOption = {
  flags: "--models <dirs...>",
  summary: "model folders, at least two, instead of training: each is held against the first",
};

export const compareG2pCommand: Command<CompareFlags> = {
  summary: "Train without and with attention under one budget, and say whether attention is worth it",
  options: [
    ...trainOptions,
    modelsOption,
    {
      flags: "--split <name>",
      summary: "words to measure on: test or dev",
      fallback: "test",
      read: oneOf("test", "dev"),
    },
    { flags: "--out <dir>", summary: "folder of both trainings", fallback: ".heed/train/compare-...", read: path },
  ],
  example: {
    line: "heed compare g2p --data mine --epochs 8",
    does: "Trains both on the words of mine/*.train (stopped, it goes on where it was) and measures them on mine/*.ref.",
  },
  run: compare,
};

async function compare({ options, console }: CommandCall<CompareFlags>): Promise<number> {
  const { models, json = false } = options;
  if (models !== undefined) checkModelFlags(options);
  const measured = models === undefined ? await trainBoth(options, console) : await measureAll(models, options);
  if (typeof measured === "number") return measured;
  const [{ compareMeasurements }, { comparisonText }] = await Promise.all([
    import("../../recipes/g2p/compare.ts"),
    import("../compare-output.ts"),
  ]);
  const comparison = compareMeasurements(measured);
  console.stdout.write(json ? `${JSON.stringify(comparison)}\n` : `${comparisonText(comparison)}\n`);
  return 0;
}

type Flags = CommandCall<CompareFlags>["options"];

/** Refuses options that decide a training beside models that are trained already. */
function checkModelFlags({ models = [], data: _, split: __, json: ___, ...training }: Flags): void {
  if (models.length < 2)
    throw new UsageError(`--models must be followed by at least two folders, got ${models.length}`);
  const names = Object.keys(training).map((name) => `--${name}`);
  if (names.length > 0)
    throw new UsageError(`--models measures models that are there and trains none, got ${names.join(", ")} as well`);
}

async function measureAll(models: readonly string[], { data: folder, split }: Flags): Promise<readonly Measurement[]> {
  const [{ readG2pCard }, { measureG2p }, { findModel }] = await Promise.all([
    import("../../recipes/g2p/card.ts"),
    import("../../recipes/g2p/measure.ts"),
    import("../pronounce-model.ts"),
  ]);
  const folders = models.map((model) => findModel(model, "--models DIR DIR"));
  // Before minutes of measuring.
  for (const model of folders) await readG2pCard(model);
  const measured: Measurement[] = [];
  for (const model of folders) {
    const data = measured[0] ? { data: measured[0].data } : folder === undefined ? {} : { folder };
    measured.push(await measureG2p(model, { ...data, ...(split === undefined ? {} : { split }) }));
  }
  return measured;
}

/** Both trainings, one after the other; a number is the exit code where one was stopped. */
async function trainBoth(options: Flags, console: Console): Promise<readonly Measurement[] | number> {
  const [{ loadG2pData }, { measureG2p }, { trainModel }, { watchInterrupts }] = await Promise.all([
    import("../../recipes/g2p/data.ts"),
    import("../../recipes/g2p/measure.ts"),
    import("../train-run.ts"),
    import("../interrupt.ts"),
  ]);
  const { data: folder, limit, threads, split = "test", json = false } = options;
  const data = await loadG2pData({
    ...(folder === undefined ? {} : { folder }),
    ...(limit === undefined ? {} : { limit }),
  });
  const base = options.out ?? defaultFolder("compare", data.facts, options);
  const interrupt = watchInterrupts(console);
  const { signal } = interrupt;
  try {
    const measured: Measurement[] = [];
    for (const variant of ["none", "additive"] as const) {
      const settings = settingsOf(variant, options);
      const out = join(base, variant);
      const into = join(out, "model");
      if (!json) console.stderr.write(`${variant === "none" ? "Without" : "With"} attention, checkpoints in ${out}\n`);
      const { step, card } = await trainModel(
        { data, settings, folder: out, into, resume: true, ...(threads === undefined ? {} : { threads }) },
        { console, interrupt, lines: json },
      );
      if (card === null) return stopped(console, json, interrupt.exitCode(), { step, folder: out });
      try {
        measured.push(await measureG2p(into, { data, split, signal }));
      } catch (error) {
        if (!signal.aborted || error !== signal.reason) throw error;
        return stopped(console, json, interrupt.exitCode(), { step, folder: out });
      }
    }
    return measured;
  } finally {
    interrupt.release();
  }
}

function stopped(
  console: Console,
  json: boolean,
  code: number,
  at: { readonly step: number; readonly folder: string },
): number {
  if (json) console.stdout.write(`${JSON.stringify({ interrupted: true, ...at })}\n`);
  else console.stderr.write(`Stopped at step ${at.step}. The same command goes on.\n`);
  return code;
}
