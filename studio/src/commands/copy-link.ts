// Copies a link to exactly what is on screen.

import { always, unchanged, type Command } from "./command.ts";

export const copyLink: Command = {
  name: "copy-link",
  label: "Copy link",
  key: "l",
  when: always,
  perform: unchanged,
  effect: (tools) => tools.copyLink(),
};
