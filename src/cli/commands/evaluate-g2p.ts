// heed evaluate g2p: error rates of a model on words that it has never seen, beside the published ones.

import type { Device } from "../../engine/runtime.ts";
import { largestSeed } from "../../core/random.ts";
import type { HeldOut, Measurement } from "../../recipes/g2p/measure.ts";
import { usualAlpha } from "../../models/seq2seq/search.ts";
import { alphaOption } from "../alpha-option.ts";
import { oneOf, path, wholeNumber, type Command, type CommandCall } from "../command.ts";
import { grouped } from "../grouped.ts";

interface EvaluateFlags {
  readonly data?: string;
  readonly model?: string;
  readonly beam?: number;
  readonly alpha?: number;
  readonly split?: HeldOut;
  readonly device?: Device;
  readonly permute?: number;
}

export const evaluateG2pCommand: Command<EvaluateFlags> = {
  summary: "Measure a model that pronounces words",
  options: [
    {
      flags: "--data <dir>",
      summary: "folder with one *.train and one *.ref file",
      fallback: "the model's own test words",
      read: path,
    },
    { flags: "--model <dir>", summary: "model folder", fallback: "the model that ships", read: path },
    { flags: "--beam <n>", summary: "hypotheses kept a step", fallback: "1", read: wholeNumber(1, 100) },
    alphaOption,
    { flags: "--split <name>", summary: "test or dev", fallback: "test", read: oneOf("test", "dev") },
    { flags: "--device <name>", summary: "cpu or wasm", fallback: "cpu", read: oneOf("cpu", "wasm") },
    {
      flags: "--permute <seed>",
      summary: "measure again with what attention reads in a random order: does the model read where it looks?",
      read: wholeNumber(0, largestSeed),
    },
  ],
  example: {
    line: "heed evaluate g2p --model .heed/train/g2p-additive-mine/model --data mine",
    does: "Word and phoneme error rates on the words of mine/*.ref, none of which the model was taught.",
  },
  run: evaluate,
};

async function evaluate({ options, console }: CommandCall<EvaluateFlags>): Promise<number> {
  const [{ findModel }, { measureG2p, matchPublished }, { evaluationJson, evaluationText }] = await Promise.all([
    import("../pronounce-model.ts"),
    import("../../recipes/g2p/measure.ts"),
    import("../evaluate-output.ts"),
  ]);
  const { data: folder, split, beam = 1, alpha = usualAlpha, device, permute } = options;
  const measurement: Measurement = await measureG2p(findModel(options.model), {
    ...(folder === undefined ? {} : { folder }),
    ...(split === undefined ? {} : { split }),
    beam,
    alpha,
    ...(device === undefined ? {} : { device }),
    ...(permute === undefined ? {} : { permute }),
    // Minutes of silence look like a hang to a person; programs wait without being told.
    begin: (wordCount) => {
      if (console.stderr.isTTY && !options.json) console.stderr.write(`Measuring ${grouped(wordCount)} words ...\n`);
    },
  });
  const report = { measurement, beam, alpha, published: matchPublished(measurement) };
  if (options.json) console.stdout.write(`${JSON.stringify(evaluationJson(report))}\n`);
  else console.stdout.write(`${evaluationText(report)}\n`);
  return 0;
}
