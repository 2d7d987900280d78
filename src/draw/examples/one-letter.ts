// W: one letter, seven phonemes; every weight is 1 and the entropy is 0 by definition.

import type { AlignmentTrace } from "../alignment.ts";
import { softAlignment } from "./soft-alignment.ts";

export const oneLetter: AlignmentTrace = softAlignment(
  "W",
  ["D", "AH", "B", "AH", "L", "Y", "UW"].map((symbol) => ({ symbol, at: [[0, 1]] })),
);
