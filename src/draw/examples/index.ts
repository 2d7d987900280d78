// The gallery: every example once, in the order in which it is shown.

import type { AlignmentTrace } from "../alignment.ts";
import { colonel } from "./colonel.ts";
import { diffuse } from "./diffuse.ts";
import { longWord } from "./long-word.ts";
import { oneLetter } from "./one-letter.ts";
import { phoebe } from "./phoebe.ts";

export const examples: Readonly<Record<string, AlignmentTrace>> = {
  phoebe,
  colonel,
  "one-letter": oneLetter,
  "long-word": longWord,
  diffuse,
};
