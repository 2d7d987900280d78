// Saves the figure as SVG.

import { hasAnswer, unchanged, type Command } from "./command.ts";

export const saveSvg: Command = {
  name: "save-svg",
  label: "Save SVG",
  key: "e",
  when: hasAnswer,
  perform: unchanged,
  effect: (tools) => tools.saveFigure("svg"),
};
