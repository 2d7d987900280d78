// COUNTERREVOLUTIONARIES: 22 letters, 19 phonemes; the views must stay legible.

import type { AlignmentTrace } from "../alignment.ts";
import { softAlignment } from "./soft-alignment.ts";

const glances: readonly (readonly [string, number])[] = [
  ["K", 0],
  ["AW", 1.4],
  ["N", 3],
  ["ER", 5.2],
  ["R", 7],
  ["EH", 8],
  ["V", 9],
  ["AH", 10],
  ["L", 11],
  ["UW", 12],
  ["SH", 13.4],
  ["AH", 14.7],
  ["N", 16],
  ["EH", 17],
  ["R", 18],
  ["IY", 19.4],
  ["Z", 21],
];

export const longWord: AlignmentTrace = softAlignment(
  "COUNTERREVOLUTIONARIES",
  glances.map(([symbol, position]) => ({ symbol, at: [[position, 1]], spread: 0.6 })),
);
