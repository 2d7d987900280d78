// The lines view: input symbols above, output symbols below, ribbons between them as wide as the weight.
// Grammar of Olah and Carter, "Attention and Augmented Recurrent Neural Networks", Distill 2016. Differs: ribbons stack
// side by side, so each output symbol's ribbons together are always equally wide (its weights sum to 1), and the width
// that arrives at an input symbol is the attention it received.

import { checkOptions } from "../core/errors.ts";
import {
  checkTrace,
  columnMass,
  describeAlignment,
  isMarked,
  markId,
  type AlignmentMark,
  type AlignmentTrace,
} from "./alignment.ts";
import { inkOn, mix } from "./color.ts";
import { headline, headlineWidth } from "./headline.ts";
import { group, path, rect, text, type Scene, type SceneNode } from "./scene.ts";
import { lightTheme, type Theme } from "./theme.ts";

export interface AlignmentLinesOptions {
  /** Default `lightTheme`. */
  readonly theme?: Theme;
  /** Width to fill, in user units; a longer word makes a wider scene. Default: as wide as the cells need, up to 720. */
  readonly width?: number;
  /** Row, column or cell to bring forward; all else fades. Default none. */
  readonly highlight?: AlignmentMark | undefined;
  /** Ribbons under this weight are not drawn; the scene says so when it hides any. Default 0.01. */
  readonly floor?: number;
  /** Whether the headline of the trace is drawn. Default true. */
  readonly headline?: boolean;
}

const known = ["theme", "width", "highlight", "floor", "headline"];

const margin = 20;
/** Room for the weights above and below the cells, kept also when none are shown so that nothing moves. */
const numberHeight = 22;
const noteHeight = 22;
const smallestPitch = 26;
const largestPitch = 58;
/** In a scene that is told its width, cells may grow further and links follow the width, never the word. */
const largestFilledPitch = 76;
const smallestLinkHeight = 148;
const largestLinkHeight = 212;
/** The shorter row may stretch to meet the longer one, but not so far that its cells lose each other. */
const largestStretch = 1.9;

interface Layout {
  readonly theme: Theme;
  readonly trace: AlignmentTrace;
  readonly mark: AlignmentMark | undefined;
  readonly floor: number;
  /** Width of the scene. */
  readonly width: number;
  /** Side of a cell, and its corner. */
  readonly cell: number;
  readonly linkHeight: number;
  readonly radius: number;
  readonly columnCentres: readonly number[];
  readonly rowCentres: readonly number[];
}

/**
 * Draws an alignment as two rows of cells and ribbons between them.
 *
 * @param trace - the alignment; at least one row and one column.
 * @returns a scene whose cells have the ids `column:j` and `row:i`, and its ribbons `cell:i:j`.
 * @throws HeedError "input" when the trace is not sound.
 */
export function alignmentLines(trace: AlignmentTrace, options: AlignmentLinesOptions = {}): Scene {
  checkOptions("alignmentLines", options, known);
  checkTrace("alignmentLines", trace);
  const theme = options.theme ?? lightTheme;
  const layout = place(trace, theme, options);
  const head = options.headline === false ? { height: 0, nodes: [] } : headline(trace, theme, margin);
  const { linkHeight } = layout;
  const linkTop = numberHeight + layout.cell;
  const hidden = trace.weights.flat().filter((weight) => weight > 0 && weight < layout.floor).length;
  const bodyHeight = 2 * numberHeight + 2 * layout.cell + linkHeight;
  const note = `${hidden} ${hidden === 1 ? "link" : "links"} under ${percent(layout.floor)} not drawn`;
  return {
    width: layout.width,
    height: head.height + margin + bodyHeight + noteHeight,
    title: trace.title ?? `Alignment of ${trace.columns.join("")} with ${trace.rows.join(" ")}`,
    description: describeAlignment(trace),
    background: theme.background,
    font: theme.font,
    children: [
      ...head.nodes,
      group([ribbons(layout, linkTop), columnCells(layout), rowCells(layout, linkTop + linkHeight)], {
        y: head.height + margin / 2,
      }),
      ...(hidden === 0
        ? []
        : [
            text(note, margin, head.height + margin / 2 + bodyHeight + noteHeight / 2, { size: 11, fill: theme.muted }),
          ]),
    ],
  };
}

function place(trace: AlignmentTrace, theme: Theme, options: AlignmentLinesOptions): Layout {
  const longest = Math.max(trace.columns.length, trace.rows.length);
  const available = (options.width ?? 720) - 2 * margin;
  const pitch = Math.min(
    options.width === undefined ? largestPitch : largestFilledPitch,
    Math.max(smallestPitch, Math.floor(available / longest)),
  );
  const gap = Math.max(2, Math.round(pitch * 0.14));
  const cellsWidth = pitch * longest - gap;
  const needed = Math.max(cellsWidth + 2 * margin, options.headline === false ? 0 : headlineWidth(trace) + 2 * margin);
  const width = Math.max(options.width ?? 0, needed);
  const centre = options.width === undefined ? margin + cellsWidth / 2 : width / 2;
  const spread = (count: number): readonly number[] => {
    const step = Math.min((pitch * longest) / count, pitch * largestStretch);
    return Array.from({ length: count }, (_, i) => centre + (i - (count - 1) / 2) * step);
  };
  const cell = pitch - gap;
  return {
    theme,
    trace,
    mark: options.highlight,
    floor: options.floor ?? 0.01,
    width,
    cell,
    linkHeight: Math.round(Math.min(largestLinkHeight, Math.max(smallestLinkHeight, 0.26 * (options.width ?? 0)))),
    radius: Math.min(8, cell / 5),
    columnCentres: spread(trace.columns.length),
    rowCentres: spread(trace.rows.length),
  };
}

function ribbons(layout: Layout, top: number): SceneNode {
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

function columnCells(layout: Layout): SceneNode {
  const { trace, mark, cell, columnCentres } = layout;
  return group(
    trace.columns.flatMap((name, j) => {
      const weight =
        mark?.kind === "row" || (mark?.kind === "cell" && mark.column === j) ? trace.weights[mark.row]![j]! : undefined;
      const chosen = mark?.kind === "column" && mark.column === j;
      const id = markId({ kind: "column", column: j });
      return symbolCell(layout, {
        id,
        name,
        x: columnCentres[j]! - cell / 2,
        y: numberHeight,
        weight,
        chosen,
        numberY: 10,
      });
    }),
  );
}

function rowCells(layout: Layout, top: number): SceneNode {
  const { trace, mark, cell, rowCentres } = layout;
  return group(
    trace.rows.flatMap((name, i) => {
      const weight =
        mark?.kind === "column" || (mark?.kind === "cell" && mark.row === i)
          ? trace.weights[i]![mark.column]!
          : undefined;
      const chosen = mark?.kind === "row" && mark.row === i;
      const id = markId({ kind: "row", row: i });
      return symbolCell(layout, {
        id,
        name,
        x: rowCentres[i]! - cell / 2,
        y: top,
        weight,
        chosen,
        numberY: top + cell + 12,
      });
    }),
  );
}

interface SymbolCell {
  readonly id: string;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  /** Weight to show on the cell, when the mark gives it one. */
  readonly weight: number | undefined;
  /** Whether the mark is this cell. */
  readonly chosen: boolean;
  readonly numberY: number;
}

function symbolCell({ theme, cell, radius, mark }: Layout, symbol: SymbolCell): readonly SceneNode[] {
  const { id, name, x, y, weight, chosen, numberY } = symbol;
  const fill = chosen ? theme.accent : weight === undefined ? theme.surface : mix(theme.surface, theme.accent, weight);
  const idle = mark !== undefined && !chosen && weight === undefined;
  const plain = theme.name === "print" || !idle ? theme.ink : theme.muted;
  const size = Math.min(24, cell * (name.length > 2 ? 0.36 : 0.45));
  const box = { x, y, width: cell, height: cell };
  const frame = chosen || (weight ?? 0) >= 0.1 ? theme.accent : theme.rule;
  const middle = x + cell / 2;
  return [
    rect(box, { id, fill, stroke: frame, radius }),
    text(name, middle, y + cell / 2, {
      size,
      weight: 500,
      anchor: "middle",
      fill: chosen || (weight ?? 0) > 0.2 ? inkOn(fill) : plain,
    }),
    ...(weight === undefined || weight < 0.005
      ? []
      : [
          text(shortWeight(weight, cell), middle, numberY, {
            size: cell < 32 ? 9 : 11,
            anchor: "middle" as const,
            fill: theme.ink,
          }),
        ]),
  ];
}

/** Two decimals; without the leading zero where the cell is small. */
function shortWeight(weight: number, cell: number): string {
  const written = weight.toFixed(2);
  return cell < 32 && weight < 0.995 ? written.slice(1) : written;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
