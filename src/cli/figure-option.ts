// The option that names a figure's file.

import { path, type CommandOption } from "./command.ts";
import { UsageError } from "./usage.ts";

/** `--figure <file>`. @param drawn - what is drawn, for the help. */
export function figureOption(drawn: string): CommandOption {
  return { flags: "--figure <file>", summary: `draw ${drawn} to an .svg or .png file`, read: figurePath };
}

function figurePath(text: string): string {
  if (!/\.(svg|png)$/i.test(text)) throw new UsageError("must end in .svg or .png");
  return path(text);
}
