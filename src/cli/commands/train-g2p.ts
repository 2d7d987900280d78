// heed train g2p: trains the pronunciation model and writes its folder.

import { path, type Command, type CommandCall } from "../command.ts";
import { printable, type Console } from "../console.ts";
import { grouped } from "../grouped.ts";
import { attentionOptions, variantOf } from "../attention-options.ts";
import { defaultFolder, settingsOf, trainOptions, type TrainFlags } from "../train-options.ts";
import type { CardScore, G2pCard } from "../../recipes/g2p/card.ts";
import { timeText } from "../../recipes/g2p/card-text.ts";
import { variantText } from "../../recipes/g2p/variants.ts";
import { shellWord } from "../../recipes/g2p/shell-word.ts";

interface TrainG2pFlags extends TrainFlags {
  readonly out?: string;
  readonly ship?: string;
  readonly test?: true;
  readonly resume?: true;
  readonly events?: string;
}

export const trainG2pCommand: Command<TrainG2pFlags> = {
  summary: "Train a model that pronounces words",
  options: [
    ...attentionOptions,
    ...trainOptions,
    { flags: "--out <dir>", summary: "folder of the checkpoints", fallback: ".heed/train/...", read: path },
    { flags: "--ship <dir>", summary: "model folder to write at the end", fallback: "OUT/model", read: path },
    { flags: "--test", summary: "score the test words once at the end and write it into the card" },
    { flags: "--resume", summary: "go on from the folder's checkpoint" },
    { flags: "--events <file>", summary: "write every event to a file, as JSON lines", read: path },
  ],
  example: {
    line: "heed train g2p --limit 2000 --size 64 --epochs 4",
    does: "A quick trial. Without the options: all words, in the recipe's own size and number of epochs.",
  },
  run: train,
};

async function train({ options, console }: CommandCall<TrainG2pFlags>): Promise<number> {
  const [{ join }, { loadG2pData }, { trainModel }, { watchInterrupts }, { prepareModelFolder }] = await Promise.all([
    import("node:path"),
    import("../../recipes/g2p/data.ts"),
    import("../train-run.ts"),
    import("../interrupt.ts"),
    import("../../recipes/g2p/ship.ts"),
  ]);
  const { data: folder, limit, threads, test, resume = false, events, json = false } = options;
  const variant = variantOf(options);
  const settings = settingsOf(variant, options);
  const data = await loadG2pData({
    ...(folder === undefined ? {} : { folder }),
    ...(limit === undefined ? {} : { limit }),
  });
  const out = options.out ?? defaultFolder(`g2p-${variant}`, data.facts, options);
  const into = options.ship ?? join(out, "model");
  // Better now than after hours of training. OUT is made by the training itself.
  if (options.ship !== undefined) await prepareModelFolder(into);
  const { facts, note } = data;
  const say = (sentence: string): void => void (json || console.stderr.write(`${printable(sentence)}\n`));
  say(
    `${facts.name}: ${facts.trainWordCount} words to train on, ${facts.devWordCount} dev, ${facts.testWordCount} test; ` +
      `${variantText(variant)}, ${settings.epochs} epochs, checkpoints in ${out}`,
  );
  if (note !== null) say(`${facts.name}: ${note}`);
  const interrupt = watchInterrupts(console);
  try {
    const { step, card } = await trainModel(
      { data, settings, folder: out, into, resume, test: test === true, ...(threads === undefined ? {} : { threads }) },
      { console, interrupt, lines: json, ...(events === undefined ? {} : { events }) },
    );
    if (card === null) {
      if (json) console.stdout.write(`${JSON.stringify({ interrupted: true, step, folder: out })}\n`);
      say(`Stopped at step ${step}. Go on with the same command and --resume.`);
      return interrupt.exitCode();
    }
    if (json) console.stdout.write(`${JSON.stringify({ folder: out, model: into, card })}\n`);
    else report(console, card, { into, folder });
    return 0;
  } finally {
    interrupt.release();
  }
}

function report(
  { stdout }: Console,
  { dev, test, training }: G2pCard,
  { into, folder }: { readonly into: string; readonly folder: string | undefined },
): void {
  const scoreText = ({ wer, per, wordCount }: CardScore): string =>
    `WER ${wer.toFixed(2)} %  PER ${per.toFixed(2)} %  ${wordCount} words`;
  const model = `--model ${shellWord(into)}`;
  const data = folder === undefined ? "" : ` --data ${shellWord(folder)}`;
  stdout.write(
    `${[
      `model      ${into}`,
      `dev        ${scoreText(dev)}`,
      `test       ${test === null ? `not scored; once the model is chosen: heed evaluate g2p ${model}${data}` : scoreText(test)}`,
      `training   ${grouped(training.steps)} steps, ${timeText(training)}, ${grouped(training.parameterCount)} parameters`,
      `try it     heed pronounce attention ${model}`,
    ].join("\n")}\n`,
  );
}
