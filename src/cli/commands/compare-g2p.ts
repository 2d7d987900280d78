// heed compare g2p: no attention against attention under one budget, on the same words.

import { join } from "node:path";
import type { Measurement } from "../../recipes/g2p/measure.ts";
import type { CommandOption, Command, CommandCall } from "../command.ts";
import { path } from "../command.ts";
import type { Console } from "../console.ts";
import { defaultFolder, settingsOf, trainOptions, type TrainFlags } from "../train-options.ts";
import { UsageError } from "../usage.ts";

interface CompareFlags extends TrainFlags {
  readonly models?: readonly string[];
  readonly out?: string;
}

const modelsOption: CommandOption = {
  flags: "--models <dirs...>",
  summary: "two model folders, without and with attention, instead of training them",
};

export const compareG2pCommand: Command<CompareFlags> = {
  summary: "Train without and with attention under one budget, and say whether attention is worth it",
  options: [
    ...trainOptions,
    modelsOption,
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
  const { compareMeasurements } = await import("../../recipes/g2p/compare.ts");
  const measured = models === undefined ? await trainBoth(options, console) : await measureBoth(models, options);
  if (typeof measured === "number") return measured;
  const comparison = compareMeasurements(...measured);
  const { comparisonText } = await import("../compare-output.ts");
  console.stdout.write(json ? `${JSON.stringify(comparison)}\n` : `${comparisonText(comparison)}\n`);
  return 0;
}

type Flags = CommandCall<CompareFlags>["options"];
type Pair = readonly [none: Measurement, attention: Measurement];

/** Refuses options that decide a training beside models that are trained already. */
function checkModelFlags({ models = [], data: _, json: __, ...training }: Flags): void {
  if (models.length !== 2) throw new UsageError(`--models must be followed by two folders, got ${models.length}`);
  const names = Object.keys(training).map((name) => `--${name}`);
  if (names.length > 0)
    throw new UsageError(`--models measures models that are there and trains none, got ${names.join(", ")} as well`);
}

async function measureBoth(models: readonly string[], { data: folder }: Flags): Promise<Pair> {
  const [{ readG2pCard }, { checkVariants }, { measureG2p }, { findModel }] = await Promise.all([
    import("../../recipes/g2p/card.ts"),
    import("../../recipes/g2p/compare.ts"),
    import("../../recipes/g2p/measure.ts"),
    import("../pronounce-model.ts"),
  ]);
  const [none, attention] = models.map((model) => findModel(model, "--models DIR DIR")) as [string, string];
  // Before minutes of measuring.
  checkVariants((await readG2pCard(none)).card, (await readG2pCard(attention)).card);
  const first = await measureG2p(none, folder === undefined ? {} : { folder });
  return [first, await measureG2p(attention, { data: first.data })];
}

/** Both trainings, one after the other; a number is the exit code where one was stopped. */
async function trainBoth(options: Flags, console: Console): Promise<Pair | number> {
  const [{ loadG2pData }, { measureG2p }, { trainModel }, { watchInterrupts }] = await Promise.all([
    import("../../recipes/g2p/data.ts"),
    import("../../recipes/g2p/measure.ts"),
    import("../train-run.ts"),
    import("../interrupt.ts"),
  ]);
  const { data: folder, limit, threads, json = false } = options;
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
        measured.push(await measureG2p(into, { data, signal }));
      } catch (error) {
        if (!signal.aborted || error !== signal.reason) throw error;
        return stopped(console, json, interrupt.exitCode(), { step, folder: out });
      }
    }
    return [measured[0]!, measured[1]!];
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
