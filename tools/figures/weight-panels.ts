// Attention weights side by side, with their numbers: the figures of the guide, from the parts of heed/draw.

import { inkOn } from "../../src/draw/color.ts";
import { group, rect, text, type Box, type Scene, type SceneNode } from "../../src/draw/scene.ts";
import type { Theme } from "../../src/draw/theme.ts";

/** One matrix of weights. */
export interface Panel {
  /** What is different about it, in a few words. */
  readonly title: string;
  /** What looks; one name a row. */
  readonly rows: readonly string[];
  /** What is looked at; one name a column. */
  readonly columns: readonly string[];
  /** Rows of weights from 0 to 1; null where a mask or a window blocks. */
  readonly weights: readonly (readonly (number | null)[])[];
}

/** Panels that are read together. */
export interface PanelFigure {
  /** What the figure shows, as one sentence. */
  readonly title: string;
  readonly panels: readonly Panel[];
  /** Whether the sum of each row stands beside it, for weights that need not sum to 1. Default false. */
  readonly sums?: boolean;
  /** Whether the weights stand in their cells. Default true. */
  readonly numbers?: boolean;
}

const margin = 16;
const cell = 38;
const gap = 24;
const titleHeight = 26;
const columnHeight = 26;
const sumWidth = 44;
/** Panels that would pass it begin a new line: what fits a column of a page. */
const widest = 860;

interface Placed {
  readonly panel: Panel;
  readonly x: number;
  readonly y: number;
  readonly labelWidth: number;
  /** Width of a cell: a longer name of a column makes it wider. */
  readonly cellWidth: number;
}

/**
 * Draws panels in lines, each with its title, the names of its columns above and of its rows to the left. A weight is a
 * colour and two decimals; a weight of exactly 0 is a pale cell without a number; a blocked pair has no cell.
 */
export function weightPanels(figure: PanelFigure, theme: Theme): Scene {
  const { placed, width, height } = arrange(figure);
  return {
    width,
    height,
    title: figure.title,
    description: figure.panels.map(describe).join(" "),
    background: theme.background,
    font: theme.font,
    children: placed.map((each) => panelNode(each, theme, figure)),
  };
}

function arrange({ panels, sums = false }: PanelFigure): {
  readonly placed: readonly Placed[];
  readonly width: number;
  readonly height: number;
} {
  const placed: Placed[] = [];
  let [x, y, width, lineHeight] = [margin, margin, 0, 0];
  for (const panel of panels) {
    const labelWidth = Math.ceil(Math.max(...panel.rows.map((name) => 7.2 * name.length)) + 10);
    const cellWidth = Math.max(cell, Math.ceil(Math.max(...panel.columns.map((name) => 7.4 * name.length)) + 4));
    const cells = panel.columns.length * cellWidth;
    const own = Math.max(labelWidth + cells + (sums ? sumWidth : 0), Math.ceil(labelWidth + 8 * panel.title.length));
    if (x > margin && x + own + margin > widest) [x, y, lineHeight] = [margin, y + lineHeight + gap - 8, 0];
    placed.push({ panel, x, y, labelWidth, cellWidth });
    lineHeight = Math.max(lineHeight, titleHeight + columnHeight + panel.rows.length * cell);
    width = Math.max(width, x + own + margin);
    x += own + gap;
  }
  return { placed, width, height: y + lineHeight + margin };
}

function panelNode({ panel, x, y, labelWidth, cellWidth }: Placed, theme: Theme, figure: PanelFigure): SceneNode {
  const { sums = false, numbers = true } = figure;
  const { title, rows, columns, weights } = panel;
  const label = { size: 13, fill: theme.muted } as const;
  const middle = (i: number): number => (i + 0.5) * cell;
  const end = columns.length * cellWidth;
  return group(
    [
      text(title, 0, -columnHeight - titleHeight / 2 - 1, { size: 13, weight: 600, fill: theme.ink }),
      ...columns.map((name, j) => text(name, (j + 0.5) * cellWidth, -columnHeight / 2, { ...label, anchor: "middle" })),
      ...rows.map((name, i) => text(name, -8, middle(i), { ...label, anchor: "end" })),
      ...weights.flatMap((row, i) =>
        row.flatMap((weight, j) =>
          cellNodes(weight, { x: j * cellWidth, y: i * cell, width: cellWidth, height: cell }, theme, numbers),
        ),
      ),
      ...(sums
        ? [
            text("sum", end + 10, -columnHeight / 2, label),
            ...weights.map((row, i) => text(sumOf(row).toFixed(2), end + 10, middle(i), label)),
          ]
        : []),
    ],
    { x: x + labelWidth, y: y + titleHeight + columnHeight },
  );
}

function cellNodes(weight: number | null, whole: Box, theme: Theme, numbers: boolean): readonly SceneNode[] {
  const { x, y, width, height } = whole;
  const box = { x: x + 1, y: y + 1, width: width - 2, height: height - 2 };
  if (weight === null) return [];
  if (weight === 0) return [rect(box, { radius: 3, fill: theme.rule })];
  const fill = theme.scale(Math.min(1, weight));
  const shape = rect(box, { radius: 3, fill });
  if (!numbers) return [shape];
  const figures = weight.toFixed(2).replace(/^0/, "");
  return [shape, text(figures, x + width / 2, y + height / 2, { anchor: "middle", size: 11, fill: inkOn(fill) })];
}

function sumOf(row: readonly (number | null)[]): number {
  return row.reduce<number>((sum, weight) => sum + (weight ?? 0), 0);
}

/** The panel for a reader who cannot see it: where each row looks most. */
function describe({ title, rows, columns, weights }: Panel): string {
  const looks = rows.map((name, i) => {
    const row = weights[i]!.map((weight) => weight ?? 0);
    const top = Math.max(...row);
    return top === 0 ? `${name} nowhere` : `${name} at ${columns[row.indexOf(top)]!} ${top.toFixed(2)}`;
  });
  return `${title}: ${looks.join(", ")}.`;
}
