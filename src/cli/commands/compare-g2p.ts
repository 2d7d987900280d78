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
  if (models !== undefined && models.length !== 2)
    throw new UsageError(`--models must be followed by two folders, got ${models.length}`);
  const { compareMeasurements } = await import("../../recipes/g2p/compare.ts");
  const measured = models === undefined ? await trainBoth(options, console) : await measureBoth(models, options);
  if (typeof measured === "number") return measured;
  const comparison = compareMeasurements(...measured);
  const { comparisonText } = await import("../compare-output.ts");
  console.stdout.write(json ? `${JSON.stringify(comparison)}\n` : `${comparisonText(comparison)}\n`);
  return 0;
}

type Pair = readonly [none: Measurement, attention: Measurement];

async function measureBoth([none, attention]: readonly string[], { data: folder }: CompareFlags): Promise<Pair> {
  const { measureG2p } = await import("../../recipes/g2p/measure.ts");
  const first = await measureG2p(none!, folder === undefined ? {} : { folder });
  return [first, await measureG2p(attention!, { data: first.data })];
}

/** Both trainings, one after the other; a number is the exit code where one was stopped. */
async function trainBoth(options: CommandCall<CompareFlags>["options"], console: Console): Promise<Pair | number> {
  const [{ loadG2pData }, { measureG2p }, { runTraining, interruptedCode }, { shipG2p }] = await Promise.all([
    import("../../recipes/g2p/data.ts"),
    import("../../recipes/g2p/measure.ts"),
    import("../train-run.ts"),
    import("../../recipes/g2p/ship.ts"),
  ]);
  const { data: folder, limit, threads, json = false } = options;
  const data = await loadG2pData({
    ...(folder === undefined ? {} : { folder }),
    ...(limit === undefined ? {} : { limit }),
  });
  const base = options.out ?? defaultFolder("compare", data.facts, options);
  const measured: Measurement[] = [];
  for (const variant of ["none", "additive"] as const) {
    const settings = await settingsOf(variant, options);
    const out = join(base, variant);
    if (!json) console.stderr.write(`${variant === "none" ? "Without" : "With"} attention, checkpoints in ${out}\n`);
    const shared = { data, settings, folder: out, ...(threads === undefined ? {} : { threads }) };
    const { done, totalSteps, interrupted } = await runTraining({ ...shared, resume: true }, { console, lines: json });
    if (interrupted) {
      if (json) console.stdout.write(`${JSON.stringify({ interrupted: true, step: done.step, folder: out })}\n`);
      else console.stderr.write(`Stopped at step ${done.step}. The same command goes on.\n`);
      return interruptedCode;
    }
    const into = join(out, "model");
    await shipG2p({ ...shared, into, done, stepsPerEpoch: totalSteps / settings.epochs });
    measured.push(await measureG2p(into, { data }));
  }
  return [measured[0]!, measured[1]!];
}
