// The legend of a sequential scale from 0 to 1, with a tick where attention would be uniform.

import type { AlignmentTrace } from "./alignment.ts";
import { group, line, rect, text, type SceneNode } from "./scene.ts";
import type { Theme } from "./theme.ts";

/** Height that a legend takes, in user units. */
export const legendHeight = 46;

const barWidth = 160;
const steps = 40;

/** A bar from 0 to 1 under a tick at 1/N, with its left end at `x` and its top at `y`. */
export function colorLegend(trace: AlignmentTrace, theme: Theme, x: number, y: number): SceneNode {
  const count = trace.columns.length;
  const uniform = 1 / count;
  const at = Math.round(uniform * barWidth);
  const top = 18;
  const height = 10;
  const label = { size: 11, fill: theme.muted } as const;
  const step = barWidth / steps;
  // Each step reaches under the next one, so that no page colour shines through between them.
  const bar = Array.from({ length: steps }, (_, k) =>
    rect(
      { x: k * step, y: top, width: Math.min(step + 1, barWidth - k * step), height },
      { fill: theme.scale((k + 0.5) / steps) },
    ),
  );
  const near = at > barWidth * 0.6 ? ("end" as const) : ("start" as const);
  return group(
    [
      ...bar,
      rect({ x: 0.5, y: top + 0.5, width: barWidth - 1, height: height - 1 }, { stroke: theme.rule }),
      line(at, top - 5, at, top + height, { stroke: theme.ink, strokeWidth: 1.5 }),
      text(`uniform 1/${count} = ${uniform.toFixed(2)}`, near === "start" ? at - 1 : at + 1, 6, {
        ...label,
        anchor: near,
      }),
      text("0", 0, top + height + 10, label),
      text("weight", barWidth / 2, top + height + 10, { ...label, anchor: "middle" }),
      text("1", barWidth, top + height + 10, { ...label, anchor: "end" }),
    ],
    { x, y },
  );
}
