// Panels of a sequence that looks at itself.

import { range, type Matrix } from "./compute.ts";
import type { Panel } from "./weight-panels.ts";

/** Names of five positions. */
export const numbers: readonly string[] = range(5).map(String);

/** Weights, and no cell where the mask blocks, which in these figures is where they are 0. */
export function square(title: string, weights: Matrix, names = numbers, isMasked = false): Panel {
  const shown = isMasked ? weights.map((row) => row.map((w) => (w === 0 ? null : w))) : weights;
  return { title, rows: names, columns: names, weights: shown };
}
