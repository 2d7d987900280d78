// The cases of the mechanism suite, a group a file or part of one. New mechanisms get a file here, and a line below.

import type { MechanismCase } from "../mechanism-suite.ts";
import { normalizerStageCases, scoreCases, selectionCases } from "./cells.ts";
import { maskCases } from "./masks.ts";
import { multiHeadCases } from "./multi-head.ts";
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
  masks: maskCases,
  "attention over sequences": sequenceCases,
  "multi-head attention": multiHeadCases,
  objectives: objectiveCases,
  observing: observedCases,
};
