// heed train g2p: trains the pronunciation model and writes its folder.

import { oneOf, path, type Command, type CommandCall } from "../command.ts";
import type { Console } from "../console.ts";
import { defaultFolder, settingsOf, trainOptions, type TrainFlags } from "../train-options.ts";
import type { G2pCard } from "../../recipes/g2p/card.ts";
import type { G2pVariant } from "../../recipes/g2p/settings.ts";

interface TrainG2pFlags extends TrainFlags {
  readonly variant?: G2pVariant;
  readonly out?: string;
  readonly ship?: string;
  readonly resume?: true;
  readonly events?: string;
}

export const trainG2pCommand: Command<TrainG2pFlags> = {
  summary: "Train a model that pronounces words",
  options: [
    {
      flags: "--variant <name>",
      summary: "attention of the decoder: none, additive or dot",
      fallback: "additive",
      read: oneOf("none", "additive", "dot"),
    },
    ...trainOptions,
    { flags: "--out <dir>", summary: "folder of the checkpoints", fallback: ".heed/train/...", read: path },
    { flags: "--ship <dir>", summary: "model folder to write at the end", fallback: "OUT/model", read: path },
    { flags: "--resume", summary: "go on from the folder's checkpoint" },
    { flags: "--events <file>", summary: "write every event to a file, as JSON lines", read: path },
  ],
  example: {
    line: "heed train g2p --limit 2000 --size 64 --epochs 4",
    does: "A trial of a few minutes. Without the options: the model that ships, in hours.",
  },
  run: train,
};

async function train({ options, console }: CommandCall<TrainG2pFlags>): Promise<number> {
  const [{ join }, { loadG2pData }, { runTraining, interruptedCode }, { shipG2p }] = await Promise.all([
    import("node:path"),
    import("../../recipes/g2p/data.ts"),
    import("../train-run.ts"),
    import("../../recipes/g2p/ship.ts"),
  ]);
  const { variant = "additive", data: folder, limit, threads, resume = false, events, json = false } = options;
  const settings = await settingsOf(variant, options);
  const data = await loadG2pData({
    ...(folder === undefined ? {} : { folder }),
    ...(limit === undefined ? {} : { limit }),
  });
  const out = options.out ?? defaultFolder(`g2p-${variant}`, data.facts, options);
  const { facts } = data;
  const say = (sentence: string): void => void (json || console.stderr.write(`${sentence}\n`));
  say(
    `${facts.name}: ${facts.trainWordCount} words to train on, ${facts.devWordCount} dev, ${facts.testWordCount} test; ` +
      `variant ${variant}, ${settings.epochs} epochs, checkpoints in ${out}`,
  );
  const shared = { data, settings, folder: out, ...(threads === undefined ? {} : { threads }) };
  const { done, totalSteps, interrupted } = await runTraining(
    { ...shared, resume },
    { console, lines: json, ...(events === undefined ? {} : { events }) },
  );
  if (interrupted) {
    if (json) console.stdout.write(`${JSON.stringify({ interrupted: true, step: done.step, folder: out })}\n`);
    say(`Stopped at step ${done.step}. Go on with the same command and --resume.`);
    return interruptedCode;
  }
  say("Scoring the best parameters on dev and test words ...");
  const into = options.ship ?? join(out, "model");
  const card = await shipG2p({ ...shared, into, done, stepsPerEpoch: totalSteps / settings.epochs });
  if (json) console.stdout.write(`${JSON.stringify({ folder: out, model: into, card })}\n`);
  else report(console, card, into);
  return 0;
}

function report({ stdout }: Console, { dev, test, training }: G2pCard, into: string): void {
  stdout.write(
    `${[
      `model      ${into}`,
      `test       WER ${test.wer.toFixed(2)} %  PER ${test.per.toFixed(2)} %  ${test.wordCount} words`,
      `dev        WER ${dev.wer.toFixed(2)} %  PER ${dev.per.toFixed(2)} %  ${dev.wordCount} words`,
      `training   ${training.steps} steps, ${training.minutes.toFixed(1)} minutes, ${training.parameterCount} parameters`,
      `try it     heed pronounce phoebe --model ${into}`,
    ].join("\n")}\n`,
  );
}
