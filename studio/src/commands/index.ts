// Every user action, in the order in which help lists them.

import { clearMark } from "./clear-mark.ts";
import type { Command } from "./command.ts";
import { copyLink } from "./copy-link.ts";
import { focusWord } from "./focus-word.ts";
import { nextReading } from "./next-reading.ts";
import { previousReading } from "./previous-reading.ts";
import { retry } from "./retry.ts";
import { savePng } from "./save-png.ts";
import { saveSvg } from "./save-svg.ts";
import { showLines } from "./show-lines.ts";
import { showMatrix } from "./show-matrix.ts";
import { toggleHelp } from "./toggle-help.ts";
import { toggleLinks } from "./toggle-links.ts";
import { toggleTheme } from "./toggle-theme.ts";
import type { Session } from "../session.ts";

export const commands: readonly Command[] = [
  focusWord,
  showLines,
  showMatrix,
  previousReading,
  nextReading,
  toggleLinks,
  saveSvg,
  savePng,
  copyLink,
  toggleTheme,
  clearMark,
  retry,
  toggleHelp,
];

/** A pressed key, and whether it was pressed while writing. */
export interface KeyPress {
  readonly key: string;
  /** Whether Ctrl, Alt or Meta was held: those keys belong to the browser. */
  readonly modified: boolean;
  readonly inField: boolean;
}

/** The action that a key means now; while writing, and with shortcuts off, only Escape means one; under the help only what closes it. */
export function commandFor({ key, modified, inField }: KeyPress, session: Session): Command | undefined {
  if (modified || ((inField || !session.shortcuts) && key !== "Escape")) return undefined;
  if (session.helpOpen) return key === "Escape" || key === toggleHelp.key ? toggleHelp : undefined;
  return commands.find((command) => command.key === key && command.when(session));
}
