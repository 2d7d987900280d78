// Where the parts of the lines view lie: the pitch of its cells, their centres, the height of its ribbons.

import type { AlignmentMark, AlignmentTrace } from "./alignment.ts";
import { headlineWidth } from "./headline.ts";
import type { Theme } from "./theme.ts";

/** Room around the drawing. */
export const margin = 20;
/** Room for the weights above and below the cells, kept also when none are shown so that nothing moves. */
export const numberHeight = 22;
const smallestPitch = 26;
const largestPitch = 58;
/** In a scene that is told its width, cells may grow further and links follow the width, never the word. */
const largestFilledPitch = 76;
const smallestLinkHeight = 148;
const largestLinkHeight = 212;
/** In a scene that is told its height: shorter ribbons could not be followed from end to end. */
const shortestLinkHeight = 96;
/** The shorter row may stretch to meet the longer one, but not so far that its cells lose each other. */
const largestStretch = 1.9;

/** What the layout depends on. */
export interface LinesLayoutOptions {
  readonly theme: Theme;
  /** Width to fill; undefined when the cells decide. */
  readonly width: number | undefined;
  /** Height for cells, ribbons and numbers together; undefined when the width decides. */
  readonly height: number | undefined;
  readonly mark: AlignmentMark | undefined;
  readonly floor: number;
  readonly headline: boolean;
}

export interface LinesLayout {
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

/** Places the parts of an alignment. */
export function linesLayout(trace: AlignmentTrace, options: LinesLayoutOptions): LinesLayout {
  const longest = Math.max(trace.columns.length, trace.rows.length);
  const available = (options.width ?? 720) - 2 * margin;
  const pitch = Math.min(
    options.width === undefined ? largestPitch : largestFilledPitch,
    Math.max(smallestPitch, Math.floor(available / longest)),
  );
  const gap = Math.max(2, Math.round(pitch * 0.14));
  const cellsWidth = pitch * longest - gap;
  const needed = Math.max(cellsWidth + 2 * margin, !options.headline ? 0 : headlineWidth(trace) + 2 * margin);
  const width = Math.max(options.width ?? 0, needed);
  const centre = options.width === undefined ? margin + cellsWidth / 2 : width / 2;
  const spread = (count: number): readonly number[] => {
    const step = Math.min((pitch * longest) / count, pitch * largestStretch);
    return Array.from({ length: count }, (_, i) => centre + (i - (count - 1) / 2) * step);
  };
  const cell = pitch - gap;
  return {
    theme: options.theme,
    trace,
    mark: options.mark,
    floor: options.floor,
    width,
    cell,
    linkHeight: linkHeightOf(options, 2 * (numberHeight + cell)),
    radius: Math.min(8, cell / 5),
    columnCentres: spread(trace.columns.length),
    rowCentres: spread(trace.rows.length),
  };
}

/** @param others - height of all that is not ribbon. */
function linkHeightOf({ width = 0, height }: LinesLayoutOptions, others: number): number {
  const usual = Math.min(largestLinkHeight, Math.max(smallestLinkHeight, 0.26 * width));
  return Math.round(height === undefined ? usual : Math.max(shortestLinkHeight, Math.min(usual, height - others)));
}
