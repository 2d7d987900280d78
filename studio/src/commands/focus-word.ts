// Goes to the word field.

import { always, unchanged, type Command } from "./command.ts";

export const focusWord: Command = {
  name: "focus-word",
  label: "Go to the word",
  key: "/",
  when: always,
  perform: unchanged,
  effect: (tools) => tools.focusWord(),
};
