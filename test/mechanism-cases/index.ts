// The cases of the mechanism suite, a group a file or part of one. A new family of mechanisms gets a file here and a line
// below, a new model a case in models.ts.

import type { MechanismCase } from "../mechanism-suite.ts";
import { normalizerStageCases, scoreCases, selectionCases } from "./cells.ts";
import { maskCases } from "./masks.ts";
import { modelCases } from "./models.ts";
import { multiHeadCases } from "./multi-head.ts";
import { nearLinearCases } from "./near-linear.ts";
import { normalizerCases } from "./normalizers.ts";
import { objectiveCases } from "./objectives.ts";
import { observedCases } from "./observed.ts";
import { sequenceCases } from "./sequences.ts";

/** By group; the cases of a group are one graph. */
export const mechanismCases: Readonly<Record<string, readonly MechanismCase[]>> = {
  "scores and windows": scoreCases,
  "normalizers of a step": normalizerStageCases,
  normalizers: normalizerCases,
  selections: selectionCases,
  "attention over sequences": sequenceCases,
  masks: maskCases,
  "linear and local attention": nearLinearCases,
  "multi-head attention": multiHeadCases,
  objectives: objectiveCases,
  observing: observedCases,
  models: modelCases,
};
