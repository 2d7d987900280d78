// The ribbons of the lines view: stacked side by side at both ends, each as wide as its weight.

import { columnMass, isMarked, markId } from "./alignment.ts";
import type { LinesLayout } from "./lines-layout.ts";
import { group, path, type SceneNode } from "./scene.ts";

/** The ribbons of every weight from the layout's floor on, with ids `cell:i:j`; their upper ends lie at `top`. */
export function ribbons(layout: LinesLayout, top: number): SceneNode {
  const { trace, theme, mark, floor, cell, linkHeight, radius, columnCentres, rowCentres } = layout;
  const mass = columnMass(trace);
  // Width of a weight of 1: all that a symbol gives or receives must meet the straight part of its cell's edge.
  const unit = (cell - 2 * radius) / Math.max(1, ...mass);
  const filled = trace.columns.map((_, j) => columnCentres[j]! - (unit * mass[j]!) / 2);
  const links: { readonly weight: number; readonly node: SceneNode }[] = [];
  trace.rows.forEach((name, i) => {
    let bottom = rowCentres[i]! - unit / 2;
    trace.weights[i]!.forEach((weight, j) => {
      const width = unit * weight;
      const from = filled[j]!;
      const to = bottom;
      filled[j] = from + width;
      bottom += width;
      if (weight < floor) return;
      const marked = isMarked(mark, i, j);
      links.push({
        weight: marked ? weight : weight - 1,
        node: path(ribbon(from, to, width, top, top + linkHeight), {
          id: markId({ kind: "cell", row: i, column: j }),
          title: `${name} reads ${trace.columns[j]!}: ${weight.toFixed(4)}`,
          fill: theme.accent,
          opacity: mark === undefined ? 0.18 + 0.6 * weight : marked ? 0.35 + 0.6 * weight : 0.07,
        }),
      });
    });
  });
  // Heavy and marked ribbons lie on top: they are what a pointer means.
  return group(links.sort((a, b) => a.weight - b.weight).map(({ node }) => node));
}

function ribbon(from: number, to: number, width: number, top: number, bottom: number): Parameters<typeof path>[0] {
  const middle = (top + bottom) / 2;
  return [
    ["M", from, top],
    ["C", from, middle, to, middle, to, bottom],
    ["L", to + width, bottom],
    ["C", to + width, middle, from + width, middle, from + width, top],
    ["Z"],
  ];
}
