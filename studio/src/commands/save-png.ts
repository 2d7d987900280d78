// Saves the figure as PNG.

import { hasAnswer, unchanged, type Command } from "./command.ts";

export const savePng: Command = {
  name: "save-png",
  label: "Save PNG",
  key: "p",
  when: hasAnswer,
  perform: unchanged,
  effect: (tools) => tools.saveFigure("png"),
};
