// The cells of the lines view: a row of input symbols, a row of output symbols, with the weights that a mark gives them.

import { markId } from "./alignment.ts";
import { inkOn, mix } from "./color.ts";
import { numberHeight, type LinesLayout } from "./lines-layout.ts";
import { group, rect, text, type SceneNode } from "./scene.ts";

/** The input symbols, with ids `column:j`. */
export function columnCells(layout: LinesLayout): SceneNode {
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

/** The output symbols with their upper edge at `top`, with ids `row:i`. */
export function rowCells(layout: LinesLayout, top: number): SceneNode {
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

function symbolCell({ theme, cell, radius, mark }: LinesLayout, symbol: SymbolCell): readonly SceneNode[] {
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
