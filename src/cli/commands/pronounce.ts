// heed pronounce: words in, phonemes and the letters that each was read from out.

import { HeedError } from "../../core/errors.ts";
import type { Device } from "../../engine/runtime.ts";
import type { PronounceResult } from "../../models/pronounce/pronouncer.ts";
import { alphaOption } from "../alpha-option.ts";
import { oneOf, path, wholeNumber, type Command, type CommandCall } from "../command.ts";
import { colorsOf, printable, widthOf, type Console } from "../console.ts";
import { figureOption } from "../figure-option.ts";
import { UsageError } from "../usage.ts";

interface PronounceFlags {
  readonly beam?: number;
  readonly nbest?: number;
  readonly alpha?: number;
  readonly figure?: string;
  readonly model?: string;
  readonly device?: Device;
  readonly timing?: true;
}

type Answer = Exclude<PronounceResult, { readonly error: HeedError }>;

export const pronounceCommand: Command<PronounceFlags> = {
  summary: "Say words in phonemes and show which letters were read",
  operands: [{ name: "<word...>", summary: "words to pronounce; - reads them from standard input" }],
  options: [
    {
      flags: "--beam <n>",
      summary: "hypotheses kept a step",
      fallback: "as many as --nbest",
      read: wholeNumber(1, 100),
    },
    { flags: "--nbest <n>", summary: "pronunciations of a word", fallback: "1", read: wholeNumber(1, 100) },
    alphaOption,
    figureOption("the alignments"),
    { flags: "--model <dir>", summary: "model folder", fallback: "the model that ships", read: path },
    { flags: "--device <name>", summary: "cpu or wasm", fallback: "cpu", read: oneOf("cpu", "wasm") },
    { flags: "--timing", summary: "print on stderr where the time went" },
  ],
  example: {
    line: "heed pronounce phoebe colonel --nbest 3",
    does: "The three likeliest pronunciations of two words.",
  },
  run: pronounce,
};

async function pronounce({ operands, options, console }: CommandCall<PronounceFlags>): Promise<number> {
  const { nbest = 1, beam = nbest, alpha, json, figure } = options;
  if (nbest > beam) throw new UsageError(`--nbest must not exceed --beam, got ${nbest} and ${beam}`);
  const { timing } = console;
  const { findModel } = await import("../pronounce-model.ts");
  const folder = findModel(options.model);
  const [{ loadPronounceModel }, { createPronouncer }, output, { readWords }, { defaultDevice, runtimeFor }] =
    await Promise.all([
      import("../../models/pronounce/node.ts"),
      import("../../models/pronounce/pronouncer.ts"),
      import("../pronounce-output.ts"),
      import("../words.ts"),
      import("../../engine/devices.ts"),
    ]);
  timing.end("imports");

  const words = await readWords(operands, console.stdin);
  const device = options.device ?? defaultDevice();
  // The files are read while the runtime loads.
  const [model] = await Promise.all([loadPronounceModel(folder), runtimeFor(device)]);
  timing.end("model and runtime");

  const pronouncer = createPronouncer(model, { device });
  const search = { beam, nbest, ...(alpha === undefined ? {} : { alpha }) };
  const results = await pronouncer.pronounce(words, search);
  timing.end("sessions and decoding");
  if (options.timing) {
    await pronouncer.pronounce(words, search);
    timing.end("decoding again");
  }

  const good = results.flatMap((result) => ("error" in result ? [] : [result]));
  if (json) console.stdout.write(`${JSON.stringify(results.map((result) => output.pronounceJson(result, nbest)))}\n`);
  else if (good.length > 0) {
    const look = { width: widthOf(console.stdout), colors: colorsOf(console.stdout, console.env) };
    console.stdout.write(`${good.map((result) => output.pronounceText(result, look)).join("\n\n")}\n`);
  }
  for (const result of results)
    if ("error" in result) console.stderr.write(`heed: ${printable(result.error.message)}\n`);
  const drawn = figure === undefined || (await draw(figure, good, console));
  if (options.timing) console.stderr.write(`${timing.toString()}\n`);
  return drawn && good.length === results.length ? 0 : 1;
}

/** Draws the figure; the words are answered already, so a failure is a sentence and `false`. */
async function draw(file: string, results: readonly Answer[], console: Console): Promise<boolean> {
  const [{ writeFigure }, { traceOf }] = await Promise.all([import("../figure.ts"), import("../pronounce-output.ts")]);
  try {
    const traces = results.flatMap(({ word, pronunciations }) => traceOf(word, pronunciations[0]!) ?? []);
    const warning = await writeFigure(file, traces);
    if (warning !== null) console.stderr.write(`heed: ${printable(warning)}\n`);
    return true;
  } catch (error) {
    if (!(error instanceof HeedError)) throw error;
    console.stderr.write(`heed: ${printable(error.message)}\n`);
    return false;
  }
}
