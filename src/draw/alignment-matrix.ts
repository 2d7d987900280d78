// The matrix view: one crisp cell per weight, rows say what was read for each output symbol, a bar per row says how widely.

import { checkOptions } from "../core/errors.ts";
import {
  checkTrace,
  describeAlignment,
  entropyShare,
  isMarked,
  markId,
  titleOf,
  type AlignmentMark,
  type AlignmentTrace,
} from "./alignment.ts";
import { colorLegend, legendHeight } from "./color-legend.ts";
import { inkOn, type ColorScale } from "./color.ts";
import { headline, headlineWidth } from "./headline.ts";
import { group, line, rect, text, type Scene, type SceneNode } from "./scene.ts";
import { lightTheme, type Theme } from "./theme.ts";

export interface AlignmentMatrixOptions {
  /** Default `lightTheme`. */
  readonly theme?: Theme;
  /** Colours of the weights 0 to 1. Default: the theme's. */
  readonly scale?: ColorScale;
  /** Width to fill, in user units; a longer word makes a wider scene. Default: as wide as the cells need, up to 720. */
  readonly width?: number;
  /** Row, column or cell to frame, with its weights in figures. Default none. */
  readonly highlight?: AlignmentMark | undefined;
  /** Whether the headline of the trace is drawn. Default true. */
  readonly headline?: boolean;
}

const known = ["theme", "scale", "width", "highlight", "headline"];

const margin = 20;
const labelWidth = 44;
const labelHeight = 34;
const entropyGap = 16;
const entropyWidth = 84;
/** Without its bar, where the cells would not fit beside it. */
const narrowEntropyWidth = 40;
const smallestCell = 24;
const largestCell = 48;
/** In a scene that is told its width. */
const largestFilledCell = 56;

interface Layout {
  readonly theme: Theme;
  readonly trace: AlignmentTrace;
  readonly mark: AlignmentMark | undefined;
  readonly cell: number;
  readonly entropyWidth: number;
  /** Size of the cells together. */
  readonly width: number;
  readonly height: number;
}

/**
 * Draws an alignment as a matrix.
 *
 * @param trace - the alignment; at least one row and one column.
 * @returns a scene whose cells have the ids `cell:i:j`, its labels `row:i` and `column:j`.
 * @throws HeedError "input" when the trace is not sound.
 */
export function alignmentMatrix(trace: AlignmentTrace, options: AlignmentMatrixOptions = {}): Scene {
  checkOptions("alignmentMatrix", options, known);
  checkTrace("alignmentMatrix", trace);
  const theme = { ...(options.theme ?? lightTheme), ...(options.scale === undefined ? {} : { scale: options.scale }) };
  const wanted = options.width ?? 720;
  const room = wanted - 2 * margin - labelWidth - entropyGap;
  const entropy = room - entropyWidth < smallestCell * trace.columns.length ? narrowEntropyWidth : entropyWidth;
  const fixed = 2 * margin + labelWidth + entropyGap + entropy;
  const largest = options.width === undefined ? largestCell : largestFilledCell;
  const cell = Math.min(largest, Math.max(smallestCell, Math.floor((wanted - fixed) / trace.columns.length)));
  const layout: Layout = {
    theme,
    trace,
    cell,
    mark: options.highlight,
    entropyWidth: entropy,
    width: cell * trace.columns.length,
    height: cell * trace.rows.length,
  };
  const needed = Math.max(fixed + layout.width, options.headline === false ? 0 : headlineWidth(trace) + 2 * margin);
  const sceneWidth = Math.max(options.width ?? 0, needed);
  const spare = options.width === undefined ? 0 : Math.floor((sceneWidth - fixed - layout.width) / 2);
  const left = margin + labelWidth + spare;
  const head = options.headline === false ? { height: 0, nodes: [] } : headline(trace, theme, margin);
  const top = head.height + margin / 2 + labelHeight;
  return {
    width: sceneWidth,
    height: top + layout.height + 18 + legendHeight + margin / 2,
    title: titleOf(trace),
    description: describeAlignment(trace),
    background: theme.background,
    font: theme.font,
    children: [
      ...head.nodes,
      group([...labels(layout), cells(layout), ...frame(layout), entropyBars(layout)], { x: left, y: top }),
      colorLegend(trace, theme, left, top + layout.height + 18),
    ],
  };
}

function labels({ trace, theme, cell, mark }: Layout): readonly SceneNode[] {
  const fill = (on: boolean): string => (mark === undefined || on ? theme.ink : theme.muted);
  const size = Math.min(17, cell * 0.46);
  const columns = trace.columns.flatMap((name, j) => {
    const on = mark?.kind !== "row" && mark?.column === j;
    return [
      rect(
        { x: j * cell, y: -labelHeight, width: cell, height: labelHeight },
        { id: markId({ kind: "column", column: j }) },
      ),
      text(name, (j + 0.5) * cell, -labelHeight / 2 + 2, {
        size,
        weight: on ? 700 : 500,
        anchor: "middle",
        fill: fill(on),
      }),
    ];
  });
  const rows = trace.rows.flatMap((name, i) => {
    const on = mark?.kind !== "column" && mark?.row === i;
    return [
      rect({ x: -labelWidth, y: i * cell, width: labelWidth, height: cell }, { id: markId({ kind: "row", row: i }) }),
      text(name, -10, (i + 0.5) * cell, {
        size: Math.min(15, size),
        weight: on ? 700 : 500,
        anchor: "end",
        fill: fill(on),
      }),
    ];
  });
  return [...columns, ...rows];
}

function cells({ trace, theme, cell, mark }: Layout): SceneNode {
  return group(
    trace.weights.flatMap((row, i) =>
      row.flatMap((weight, j) => {
        const fill = theme.scale(weight);
        // Cells meet, so that a pointer never falls between them; the gap that is seen is their stroke.
        const shape = rect(
          { x: j * cell, y: i * cell, width: cell, height: cell },
          {
            id: markId({ kind: "cell", row: i, column: j }),
            title: `${trace.rows[i]!} reads ${trace.columns[j]!}: ${weight.toFixed(4)}`,
            fill,
            stroke: theme.background,
            strokeWidth: 2,
            radius: 3,
          },
        );
        const figure = weight.toFixed(2);
        return mark !== undefined && isMarked(mark, i, j)
          ? [
              shape,
              text(cell < 34 ? figure.replace(/^0/, "") : figure, (j + 0.5) * cell, (i + 0.5) * cell, {
                size: cell < 34 ? 9 : 11,
                anchor: "middle",
                fill: inkOn(fill),
              }),
            ]
          : [shape];
      }),
    ),
  );
}

function frame({ theme, cell, mark, width, height }: Layout): readonly SceneNode[] {
  if (mark === undefined) return [];
  const x = mark.kind === "row" ? 0 : mark.column * cell;
  const y = mark.kind === "column" ? 0 : mark.row * cell;
  const box = { x, y, width: mark.kind === "row" ? width : cell, height: mark.kind === "column" ? height : cell };
  // On ground of its own, so that it is seen beside the darkest cell and the lightest.
  return [
    rect(box, { stroke: theme.background, strokeWidth: 6, radius: 3 }),
    rect(box, { stroke: theme.ink, strokeWidth: 2, radius: 3 }),
  ];
}

function entropyBars({ trace, theme, cell, mark, entropyWidth, width, height }: Layout): SceneNode {
  const barLength = entropyWidth - 44;
  const thickness = Math.min(10, Math.round(cell / 4));
  const small = { size: 11, fill: theme.muted } as const;
  const bars = trace.weights.flatMap((row, i) => {
    const share = entropyShare(row);
    const middle = (i + 0.5) * cell;
    const on = mark !== undefined && mark.kind !== "column" && mark.row === i;
    const box = { x: 0, y: middle - thickness / 2, height: thickness };
    const bar = [
      rect({ ...box, width: barLength }, { fill: theme.surface, radius: 2 }),
      rect(
        { ...box, width: Math.max(1.5, share * barLength) },
        { fill: on ? theme.accent : theme.muted, radius: Math.min(2, share * 20) },
      ),
    ];
    return [
      ...(barLength > 0 ? bar : []),
      text(`${Math.round(share * 100)} %`, entropyWidth, middle, {
        ...small,
        anchor: "end",
        fill: on ? theme.ink : theme.muted,
      }),
    ];
  });
  return group(
    [
      line(0, 0, 0, height, { stroke: theme.rule }),
      text("entropy", entropyWidth < 44 ? entropyWidth : 0, -labelHeight / 2 + 2, {
        ...small,
        anchor: entropyWidth < 44 ? "end" : "start",
      }),
      ...bars,
    ],
    {
      x: width + entropyGap,
      title: "Entropy of each row as a share of log N: 0 % reads one symbol, 100 % reads all alike.",
    },
  );
}
