// PHOEBE: two letters for one sound (ph), two letters for one vowel (oe), a final e that is heard.

import type { AlignmentTrace } from "../alignment.ts";
import { softAlignment } from "./soft-alignment.ts";

export const phoebe: AlignmentTrace = softAlignment("PHOEBE", [
  {
    symbol: "F",
    at: [
      [0, 0.55],
      [1, 0.4],
    ],
  },
  {
    symbol: "IY",
    at: [
      [2, 0.6],
      [3, 0.45],
    ],
  },
  { symbol: "B", at: [[4, 1]], spread: 0.5 },
  { symbol: "IY", at: [[5, 1]], spread: 0.55 },
]);
