// KNIGHT with an untrained model's glance: nearly uniform rows, which no view may make look sharp.

import type { AlignmentTrace } from "../alignment.ts";
import { softAlignment } from "./soft-alignment.ts";

export const diffuse: AlignmentTrace = {
  ...softAlignment("KNIGHT", [
    { symbol: "N", at: [[1, 1]], spread: 5 },
    { symbol: "AY", at: [[2, 1]], spread: 4 },
    { symbol: "T", at: [[5, 1]], spread: 6 },
  ]),
  title: "knight, before training",
};
