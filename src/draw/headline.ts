// The headline of a figure: its title, and under it what was read and what was said.

import type { AlignmentTrace } from "./alignment.ts";
import { text, type SceneNode } from "./scene.ts";
import type { Theme } from "./theme.ts";

/** Average width of a letter as a share of the font size; errs on the wide side, for there is no DOM to measure with. */
const letterWidth = 0.66;

/** The width that the headline needs, estimated. */
export function headlineWidth(trace: AlignmentTrace): number {
  const main = trace.title ?? trace.word;
  return main === undefined ? 0 : letterWidth * Math.max(18 * main.length, 13 * subtitleOf(trace).length);
}

function subtitleOf({ subtitle, rows }: AlignmentTrace): string {
  return subtitle ?? rows.join(" ");
}

/** The headline's nodes and the height that they take; nothing when the trace has neither title nor word. */
export function headline(
  trace: AlignmentTrace,
  theme: Theme,
  x: number,
): { readonly height: number; readonly nodes: readonly SceneNode[] } {
  const main = trace.title ?? trace.word;
  if (main === undefined) return { height: 0, nodes: [] };
  return {
    height: 58,
    nodes: [
      text(main, x, 28, { size: 18, weight: 600, fill: theme.ink }),
      text(subtitleOf(trace), x, 50, { size: 13, fill: theme.muted }),
    ],
  };
}
