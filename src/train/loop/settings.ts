// The settings of a training, checked before anything is computed.

import { checkOptions, optionError } from "../../core/errors.ts";
import { largestSeed } from "../../core/random.ts";
import type { TrainSettings } from "./task.ts";

const known = [
  "epochs",
  "seed",
  "optimizer",
  "schedule",
  "clip",
  "averageDecay",
  "validateEvery",
  "patience",
  "checkpointSeconds",
  "checkpointSteps",
  "reportEvery",
  "fingerprint",
] as const satisfies readonly (keyof TrainSettings)[];

/** Refuses settings that are unknown or out of their range. @throws HeedError "option" */
export function checkTrainSettings(settings: TrainSettings): void {
  checkOptions("train", settings, known);
  const { seed, clip, averageDecay, checkpointSeconds = 0, fingerprint } = settings;
  for (const name of ["epochs", "validateEvery", "patience", "checkpointSteps", "reportEvery"] as const) {
    const value = settings[name] ?? (name === "epochs" ? NaN : 1);
    if (!Number.isSafeInteger(value) || value < 1) refuse(`${name} must be an integer >= 1`, value);
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > largestSeed)
    refuse(`seed must be an integer from 0 to ${largestSeed}`, seed);
  if (!(clip > 0)) refuse("clip must be above 0", clip, "Infinity clips nothing.");
  if (!(averageDecay >= 0 && averageDecay < 1)) refuse("averageDecay must lie in 0 <= averageDecay < 1", averageDecay);
  if (!(checkpointSeconds >= 0))
    refuse("checkpointSeconds must be a number >= 0", checkpointSeconds, "Infinity leaves it to checkpointSteps.");
  if (typeof fingerprint !== "string") refuse("fingerprint must be a text", fingerprint);
}

function refuse(expected: string, got: unknown, hint?: string): never {
  throw optionError("train", expected, String(got), hint);
}
