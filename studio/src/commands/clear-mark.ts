// Lets go of the locked letter or phoneme.

import { clear } from "../session.ts";
import type { Command } from "./command.ts";

export const clearMark: Command = {
  name: "clear-mark",
  label: "Unlock and clear",
  key: "Escape",
  when: (session) => session.locked !== undefined || session.pointed !== undefined,
  perform: clear,
};
