// COLONEL: an l that is read as r; letters that nobody reads.

import type { AlignmentTrace } from "../alignment.ts";
import { softAlignment } from "./soft-alignment.ts";

export const colonel: AlignmentTrace = softAlignment("COLONEL", [
  { symbol: "K", at: [[0, 1]] },
  {
    symbol: "ER",
    at: [
      [1, 0.5],
      [2, 0.6],
      [3, 0.2],
    ],
    spread: 0.6,
  },
  { symbol: "N", at: [[4, 1]] },
  {
    symbol: "AH",
    at: [
      [5, 1],
      [6, 0.15],
    ],
    spread: 0.5,
  },
  { symbol: "L", at: [[6, 1]] },
]);
