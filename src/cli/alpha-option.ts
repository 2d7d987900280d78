// The option of every command that searches with a beam: how much longer targets are favoured.

import { usualAlpha } from "../models/seq2seq/search.ts";
import { realNumber, type CommandOption } from "./command.ts";

/** `--alpha X`, the exponent of the length penalty. */
export const alphaOption: CommandOption = {
  flags: "--alpha <x>",
  summary: "favour longer pronunciations: exponent of the beam's length penalty",
  fallback: `${usualAlpha}, by probability`,
  read: realNumber(0, 10),
};
