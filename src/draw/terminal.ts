// An alignment for a terminal: a heat map of blocks, or of ASCII shades where there is no colour.

import { checkOptions, optionError } from "../core/errors.ts";
import { checkTrace, type AlignmentTrace } from "./alignment.ts";
import { channels, inkOn } from "./color.ts";
import { darkTheme, type Theme } from "./theme.ts";

export interface AlignmentTerminalOptions {
  /** Columns of the terminal; long words continue in further panels. At least 20. Default 80. */
  readonly width?: number;
  /** What the terminal can show. Default "none": ASCII only. */
  readonly color?: "truecolor" | "256" | "none";
  /** Whose scale to paint with. Default `darkTheme`. */
  readonly theme?: Theme;
}

/** Light to dark; index 0 is a weight that rounds to nothing. */
const shades = " .:-=+*#%@";
const reset = "\u001b[0m";

/**
 * Writes an alignment as lines of text: letters above, one line per output symbol, a legend below.
 *
 * @param trace - the alignment; symbols are taken to be one terminal column per character.
 * @returns the lines joined by newlines, none wider than `width`.
 * @throws HeedError "input" when the trace is not sound, "option" when `width` is under 20.
 */
export function alignmentTerminal(trace: AlignmentTrace, options: AlignmentTerminalOptions = {}): string {
  checkOptions("alignmentTerminal", options, ["width", "color", "theme"]);
  checkTrace("alignmentTerminal", trace);
  const { width = 80, color = "none", theme = darkTheme } = options;
  if (!(width >= 20)) throw optionError("alignmentTerminal", "width must be at least 20 columns", String(width));
  const longest = Math.max(...trace.columns.map(length));
  const label = Math.min(12, Math.max(...trace.rows.map(length)));
  const room = width - label - 2;
  // Wide cells read best; two columns make a square; one symbol's own width is the least.
  const cell =
    [4, 3, 2].find((wide) => wide >= longest + 1 && wide * trace.columns.length <= room) ?? Math.max(2, longest);
  const perPanel = Math.max(1, Math.floor(room / cell));
  const panels: string[] = [];
  for (let from = 0; from < trace.columns.length; from += perPanel)
    panels.push(panel(trace, from, Math.min(trace.columns.length, from + perPanel), { cell, label, color, theme }));
  return [...panels, legend(trace, width, color, theme)].join("\n\n");
}

interface Look {
  readonly cell: number;
  readonly label: number;
  readonly color: "truecolor" | "256" | "none";
  readonly theme: Theme;
}

function panel(trace: AlignmentTrace, from: number, to: number, { cell, label, color, theme }: Look): string {
  const head = trace.columns
    .slice(from, to)
    .map((name) => centred(name, cell))
    .join("");
  const lines = trace.weights.map((row, i) => {
    const name = [...trace.rows[i]!].slice(0, label).join("").padStart(label);
    return `${name}  ${row
      .slice(from, to)
      .map((weight) => block(weight, cell, color, theme))
      .join("")}`.trimEnd();
  });
  return [`${" ".repeat(label + 2)}${head}`.trimEnd(), ...lines].join("\n");
}

function block(weight: number, cell: number, color: Look["color"], theme: Theme): string {
  if (color === "none") return shade(weight).repeat(cell);
  const fill = theme.scale(weight);
  const figure = cell >= 4 && weight >= 0.1 ? centred(weight.toFixed(2).replace(/^0/, ""), cell) : " ".repeat(cell);
  const ink = figure.trim() === "" ? "" : paint(inkOn(fill), "fore", color);
  return `${paint(fill, "back", color)}${ink}${figure}${reset}`;
}

function legend(trace: AlignmentTrace, width: number, color: Look["color"], theme: Theme): string {
  const count = trace.columns.length;
  const bar =
    color === "none"
      ? shades
      : Array.from({ length: 10 }, (_, k) => `${paint(theme.scale((k + 0.5) / 10), "back", color)} ${reset}`).join("");
  const uniform = `   uniform 1/${count} = ${(1 / count).toFixed(2)}`;
  return `0 ${bar} 1${width >= 14 + uniform.length ? uniform : ""}`;
}

function shade(weight: number): string {
  return shades[Math.min(shades.length - 1, Math.floor(weight * shades.length))]!;
}

function paint(fill: string, side: "fore" | "back", color: "truecolor" | "256"): string {
  const code = side === "fore" ? 38 : 48;
  const [r, g, b] = channels(fill);
  if (color === "truecolor") return `\u001b[${code};2;${r};${g};${b}m`;
  // The 6 x 6 x 6 cube starts at 16; its levels are 0, 95, 135, 175, 215, 255.
  const level = (channel: number): number =>
    channel < 48 ? 0 : channel < 115 ? 1 : Math.min(5, Math.floor((channel - 35) / 40));
  return `\u001b[${code};5;${16 + 36 * level(r) + 6 * level(g) + level(b)}m`;
}

function centred(content: string, width: number): string {
  const cut = [...content].slice(0, width).join("");
  const before = Math.floor((width - length(cut)) / 2);
  return `${" ".repeat(before)}${cut}`.padEnd(width + (cut.length - length(cut)));
}

function length(content: string): number {
  return [...content].length;
}
