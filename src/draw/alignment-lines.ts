// The lines view: input symbols above, output symbols below, ribbons between them as wide as the weight.
// Grammar of Olah and Carter, "Attention and Augmented Recurrent Neural Networks", Distill 2016. Differs: ribbons stack
// side by side, so each output symbol's ribbons together are always equally wide (where its weights sum to 1), and the width
// that arrives at an input symbol is the attention it received.

import { checkOptions } from "../core/errors.ts";
import { checkTrace, describeAlignment, titleOf, type AlignmentMark, type AlignmentTrace } from "./alignment.ts";
import { headline } from "./headline.ts";
import { linesLayout, margin, numberHeight } from "./lines-layout.ts";
import { ribbons } from "./ribbons.ts";
import { group, text, type Scene } from "./scene.ts";
import { columnCells, rowCells } from "./symbol-cells.ts";
import { lightTheme, type Theme } from "./theme.ts";

export interface AlignmentLinesOptions {
  /** Default `lightTheme`. */
  readonly theme?: Theme;
  /** Width to fill, in user units; a longer word makes a wider scene. Default: as wide as the cells need, up to 720. */
  readonly width?: number;
  /** Height to keep to, in user units: the ribbons become shorter, but not shorter than can be followed. Default: as the width asks for. */
  readonly height?: number;
  /** Row, column or cell to bring forward; all else fades. Default none. */
  readonly highlight?: AlignmentMark | undefined;
  /** Ribbons under this weight are not drawn; the scene says so when it hides any. Default 0.01. */
  readonly floor?: number;
  /** Whether the headline of the trace is drawn. Default true. */
  readonly headline?: boolean;
}

const known = ["theme", "width", "height", "highlight", "floor", "headline"];

/** Room for the sentence on hidden ribbons. */
const noteHeight = 22;

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
  const head = options.headline === false ? { height: 0, nodes: [] } : headline(trace, theme, margin);
  const layout = linesLayout(trace, {
    theme,
    width: options.width,
    height: options.height === undefined ? undefined : options.height - head.height - margin - noteHeight,
    mark: options.highlight,
    floor: options.floor ?? 0.01,
    headline: options.headline !== false,
  });
  const { linkHeight } = layout;
  const linkTop = numberHeight + layout.cell;
  const hidden = trace.weights.flat().filter((weight) => weight > 0 && weight < layout.floor).length;
  const bodyHeight = 2 * numberHeight + 2 * layout.cell + linkHeight;
  const note = `${hidden} ${hidden === 1 ? "link" : "links"} under ${percent(layout.floor)} not drawn`;
  return {
    width: layout.width,
    height: head.height + margin + bodyHeight + noteHeight,
    title: titleOf(trace),
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

function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`;
}
