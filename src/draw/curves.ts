// Curves over steps: what a training told of itself, in panels one below the other over one axis.

import { checkOptions, inputError } from "../core/errors.ts";
import { okabeIto } from "./color.ts";
import { group, line, path, text, type PathCommand, type Scene, type SceneNode } from "./scene.ts";
import { lightTheme, type Theme } from "./theme.ts";

/** A number over steps. */
export interface Curve {
  readonly name: string;
  /** By rising step; values that are not finite leave a gap. At least one point. */
  readonly points: readonly (readonly [step: number, value: number])[];
}

/** Curves that share a scale. */
export interface CurvePanel {
  /** What the scale measures, with its unit: `reward, nats a phoneme`. */
  readonly title: string;
  readonly curves: readonly Curve[];
}

export interface CurvesOptions {
  /** Drawn above, and the scene's accessible name. Default: the panels' titles as name, and nothing drawn. */
  readonly title?: string;
  /** Default `lightTheme`. */
  readonly theme?: Theme;
  /** In user units. Default 720. */
  readonly width?: number;
  /** Height of a panel's plot, in user units. Default 150. */
  readonly panelHeight?: number;
}

const [left, headHeight, axisHeight, gap] = [56, 26, 34, 18];
/** Room for names beside their lines at least, and for a sample of the line where some are dashed. */
const [leastRight, sampleWidth] = [132, 28];

/** Colours of a panel's curves, at least 3:1 on the page, in their order; the names beside the lines say the same. */
const colors: Readonly<Record<Theme["name"], readonly string[]>> = {
  light: [okabeIto[5]!, okabeIto[6]!, okabeIto[3]!, okabeIto[7]!],
  dark: [okabeIto[2]!, okabeIto[1]!, okabeIto[3]!, okabeIto[7]!],
  print: ["#000000", "#5a5a5a", "#8a8a8a", "#b0b0b0"],
};

/** What tells curves of one colour apart. */
const dashes: readonly (readonly number[] | null)[] = [null, [6, 3], [1.5, 3]];

/** As many as colours and dashes tell apart. */
const mostCurves = colors.light.length * dashes.length;

/**
 * Draws curves as they are: nothing is smoothed, and every scale is its panel's own, from the least to the largest value.
 * Where there are more points than columns, a column shows the least and the largest of its own.
 *
 * @param panels - at least one, each with one to twelve curves.
 * @returns a scene whose curves have the ids `curve:panel:i`.
 * @throws HeedError "input" for none, for too many, and for a curve without a finite value.
 */
export function curves(panels: readonly CurvePanel[], options: CurvesOptions = {}): Scene {
  checkOptions("curves", options, ["title", "theme", "width", "panelHeight"]);
  const { title, theme = lightTheme, width = 720, panelHeight = 150 } = options;
  checkPanels(panels);
  const steps = panels.flatMap((panel) => panel.curves.flatMap(({ points }) => points.map(([step]) => step)));
  const across: Scale = { from: least(steps), to: largest(steps), size: Math.max(1, width - left - roomFor(panels)) };
  const head = title === undefined ? 12 : 46;
  const pitch = headHeight + panelHeight + gap;
  const bottom = head + panels.length * pitch - gap;
  return {
    width,
    height: bottom + axisHeight,
    title: title ?? panels.map((panel) => panel.title).join("; "),
    description: panels.map(describe).join(" "),
    background: theme.background,
    font: theme.font,
    children: [
      ...(title === undefined ? [] : [text(title, left, 26, { size: 18, weight: 600, fill: theme.ink })]),
      ...panels.map((panel, p) =>
        group(panelNodes(panel, p, across, panelHeight, theme), { x: left, y: head + p * pitch + headHeight }),
      ),
      group(stepAxis(across, theme), { x: left, y: bottom }),
    ],
  };
}

/** Room on the right for the names of all curves, each with its last value. */
function roomFor(panels: readonly CurvePanel[]): number {
  const widths = panels.flatMap(({ curves: all }) => all.map(({ name }) => 8 + sampleOf(all) + 7 * (name.length + 7)));
  return Math.max(leastRight, ...widths);
}

/** Width of the sample beside each name: none where colours suffice. */
function sampleOf(all: readonly Curve[]): number {
  return all.length > colors.light.length ? sampleWidth : 0;
}

/** From numbers to user units. */
type Scale = { readonly from: number; readonly to: number; readonly size: number };

const place = ({ from, to, size }: Scale, value: number): number =>
  to === from ? size / 2 : ((value - from) / (to - from)) * size;

function panelNodes(
  { title, curves: all }: CurvePanel,
  p: number,
  across: Scale,
  height: number,
  theme: Theme,
): readonly SceneNode[] {
  const values = all.flatMap(({ points }) => points.map(([, value]) => value).filter(Number.isFinite));
  const up: Scale = { from: least(values), to: largest(values), size: height };
  const y = (value: number): number => height - place(up, value);
  const grid = ticks(up.from, up.to, 4).flatMap((value) => [
    line(0, y(value), across.size, y(value), { stroke: theme.rule }),
    text(label(value, up), -8, y(value), { size: 11, fill: theme.muted, anchor: "end" }),
  ]);
  const ends = spread(
    all.map(({ points }) => y(lastFinite(points)[1])),
    14,
    height,
  );
  const sample = sampleOf(all);
  const lines = all.flatMap(({ name, points }, i): readonly SceneNode[] => {
    const color = colors[theme.name][i % colors[theme.name].length]!;
    const dash = dashes[Math.floor(i / colors[theme.name].length)];
    const look = { strokeWidth: i === 0 ? 2 : 1.5, ...(dash ? { dash } : {}) };
    const last = lastFinite(points)[1];
    return [
      path(strokes(points, across, y), {
        id: `curve:${p}:${i}`,
        title: name,
        stroke: color,
        ...look,
      }),
      ...(sample > 0
        ? [line(across.size + 8, ends[i]!, across.size + sample, ends[i]!, { stroke: color, ...look })]
        : []),
      text(`${name} ${label(last, up)}`, across.size + 8 + sample, ends[i]!, { size: 12, fill: color, weight: 600 }),
    ];
  });
  return [text(title, 0, -12, { size: 12, fill: theme.muted }), ...grid, ...lines];
}

/** The axis below all panels. */
function stepAxis(across: Scale, theme: Theme): readonly SceneNode[] {
  const marks = ticks(across.from, across.to, 6).filter(Number.isInteger);
  return [
    line(0, 0, across.size, 0, { stroke: theme.muted }),
    ...marks.map((step) => line(place(across, step), 0, place(across, step), 4, { stroke: theme.muted })),
    ...marks.map((step) =>
      text(String(step), place(across, step), 14, { size: 11, fill: theme.muted, anchor: "middle" }),
    ),
    text("step", -8, 14, { size: 11, fill: theme.muted, anchor: "end" }),
  ];
}

/** A curve's line. Of a column of one user unit at most the least and the largest point are drawn, in their order. */
function strokes(points: Curve["points"], across: Scale, y: (value: number) => number): readonly PathCommand[] {
  const commands: PathCommand[] = [];
  let pen = false;
  let column: (readonly [x: number, value: number])[] = [];
  const flush = (): void => {
    if (column.length === 0) return;
    const values = column.map(([, value]) => value);
    const ends = [values.indexOf(Math.min(...values)), values.indexOf(Math.max(...values))];
    for (const i of [...new Set(ends)].sort((a, b) => a - b)) {
      const [x, value] = column[i]!;
      commands.push([pen ? "L" : "M", x, y(value)]);
      pen = true;
    }
    column = [];
  };
  for (const [step, value] of points) {
    const x = place(across, step);
    if (!Number.isFinite(value) || (column.length > 0 && Math.floor(column[0]![0]) !== Math.floor(x))) flush();
    if (Number.isFinite(value)) column.push([x, value]);
    else pen = false;
  }
  flush();
  return commands;
}

/** Round numbers within a range, about `count` of them. */
function ticks(from: number, to: number, count: number): readonly number[] {
  if (from === to) return [from];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough)!;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** A number with as many places as its range asks for. */
function label(value: number, { from, to }: Pick<Scale, "from" | "to"> = { from: value, to: value }): string {
  const range = to - from;
  return String(
    range === 0 ? Number(value.toPrecision(4)) : Number(value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(range))))),
  );
}

/** Heights at least `apart` from one another, as near to the given ones as going down from the top allows. */
function spread(heights: readonly number[], apart: number, limit: number): readonly number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const out = [...heights];
  let lowest = -Infinity;
  order.forEach((i, k) => {
    const room = limit - (order.length - 1 - k) * apart;
    lowest = out[i] = Math.max(Math.min(heights[i]!, room), lowest + apart);
  });
  return out;
}

function describe({ title, curves: all }: CurvePanel): string {
  const said = all.map(({ name, points }) => {
    const [first, last] = [points.find(([, value]) => Number.isFinite(value))!, lastFinite(points)];
    return `${name} from ${label(first[1])} at step ${first[0]} to ${label(last[1])} at step ${last[0]}`;
  });
  return `${title}: ${said.join(", ")}.`;
}

function lastFinite(points: Curve["points"]): readonly [step: number, value: number] {
  return points.findLast(([, value]) => Number.isFinite(value))!;
}

function checkPanels(panels: readonly CurvePanel[]): void {
  if (panels.length === 0) throw inputError("curves", "at least one panel is required", "none");
  for (const { title, curves: all } of panels) {
    if (all.length < 1 || all.length > mostCurves)
      throw inputError(
        "curves",
        `the panel ${JSON.stringify(title)} must have 1 to ${mostCurves} curves`,
        String(all.length),
      );
    for (const { name, points } of all)
      if (!points.some(([, value]) => Number.isFinite(value)))
        throw inputError(
          "curves",
          `the curve ${JSON.stringify(name)} must have a finite value`,
          `${points.length} points`,
        );
  }
}

// Not Math.min of a spread: a long training has more points than a call may have arguments.
function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}
