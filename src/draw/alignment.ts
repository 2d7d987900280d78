// An alignment: which input symbols each output symbol read, and what can be said of it in numbers and words.

import { inputError } from "../core/errors.ts";

/**
 * Attention of a decoder over its input.
 *
 * Axes: M output symbols (rows), N input symbols (columns).
 */
export interface AlignmentTrace {
  /** Output symbols, for instance phonemes; M of them. */
  readonly rows: readonly string[];
  /** Input symbols, for instance letters; N of them. */
  readonly columns: readonly string[];
  /** M rows of N weights; none is negative, and a row sums to 1, or to less where attention may go nowhere (`local-p`, `monotonic`, a sink). */
  readonly weights: readonly (readonly number[])[];
  /** The input as a person typed it. */
  readonly word?: string;
  /** Headline of a figure. Default: the word. */
  readonly title?: string;
  /** Line under the headline. Default: the output symbols. */
  readonly subtitle?: string;
}

/** A place in an alignment that is pointed at. */
export type AlignmentMark =
  | { readonly kind: "row"; readonly row: number }
  | { readonly kind: "column"; readonly column: number }
  | { readonly kind: "cell"; readonly row: number; readonly column: number };

/** Rows may pass a sum of 1 by this much: float32 sums, and weights rounded for transport. */
const sumTolerance = 1e-2;

/**
 * Returns the trace when its sizes and weights are sound.
 *
 * @throws HeedError "input" naming the row or cell that is not.
 */
export function checkTrace(where: string, trace: AlignmentTrace): AlignmentTrace {
  for (const name of ["rows", "columns", "weights"] as const)
    if (!Array.isArray((trace as Partial<AlignmentTrace> | null | undefined)?.[name]))
      throw inputError(where, "an alignment needs rows, columns and weights", `no list of ${name}`);
  const { rows, columns, weights } = trace;
  if (rows.length === 0 || columns.length === 0)
    throw inputError(
      where,
      "an alignment needs at least one row and one column",
      `${rows.length} rows and ${columns.length} columns`,
    );
  if (weights.length !== rows.length)
    throw inputError(where, `weights must have one row per output symbol (${rows.length})`, `${weights.length} rows`);
  weights.forEach((row, i) => {
    if (row.length !== columns.length)
      throw inputError(
        where,
        `weights row ${i} must have one weight per input symbol (${columns.length})`,
        `${row.length}`,
      );
    const bad = row.findIndex((weight) => !(weight >= 0 && weight <= 1 + sumTolerance));
    if (bad >= 0) throw inputError(where, `weights must lie between 0 and 1`, `${row[bad]} in row ${i}, column ${bad}`);
    const sum = row.reduce((a, b) => a + b, 0);
    if (sum > 1 + sumTolerance)
      throw inputError(
        where,
        `weights of a row must sum to at most 1`,
        `${sum.toFixed(4)} in row ${i}`,
        "Normalise each row.",
      );
  });
  return trace;
}

/**
 * Entropy of a row as a share of log N: 0 looks at one symbol, 1 looks at all alike. A row over one symbol is 0, and so is one
 * that looks nowhere; of one that sums to less than 1, the entropy of its shares.
 */
export function entropyShare(row: readonly number[]): number {
  const total = row.reduce((a, b) => a + b, 0);
  if (row.length < 2 || total === 0) return 0;
  const entropy = row.reduce(
    (sum, weight) => (weight > 0 ? sum - (weight / total) * Math.log(weight / total) : sum),
    0,
  );
  return Math.min(1, Math.max(0, entropy / Math.log(row.length)));
}

/** The alignment in one line: its title, or what was read as what. */
export function titleOf({ title, word, rows, columns }: AlignmentTrace): string {
  return title ?? `Alignment of ${word ?? columns.join("")} with ${rows.join(" ")}`;
}

/** How much attention each input symbol receives over all rows; N numbers that sum to M, or to less where attention may go nowhere. */
export function columnMass(trace: AlignmentTrace): readonly number[] {
  return trace.columns.map((_, column) => trace.weights.reduce((sum, row) => sum + row[column]!, 0));
}

/** One sentence per row with its strongest input symbols: the alignment for a reader who cannot see it. */
export function describeAlignment(trace: AlignmentTrace): string {
  return trace.rows
    .map((name, i) => {
      const top = strongest(trace.weights[i]!).filter(({ weight }, k) => weight > 0 && (k === 0 || weight >= 0.1));
      if (top.length === 0) return `${name} reads nothing.`;
      return `${name} reads ${top
        .slice(0, 3)
        .map(({ index, weight }) => `${trace.columns[index]!} ${weight.toFixed(2)}`)
        .join(", ")}.`;
    })
    .join(" ");
}

/** Indexes and weights, heaviest first; equal weights keep their order. */
export function strongest(weights: readonly number[]): readonly { readonly index: number; readonly weight: number }[] {
  return weights.map((weight, index) => ({ index, weight })).sort((a, b) => b.weight - a.weight || a.index - b.index);
}

/** The node id of a mark, and back: `row:2`, `column:0`, `cell:2:0`. */
export function markId(mark: AlignmentMark): string {
  if (mark.kind === "row") return `row:${mark.row}`;
  if (mark.kind === "column") return `column:${mark.column}`;
  return `cell:${mark.row}:${mark.column}`;
}

/** Reads an id that `markId` wrote; undefined for anything else. */
export function parseMark(id: string | undefined): AlignmentMark | undefined {
  const match = /^(?:(row|column):(\d{1,6})|cell:(\d{1,6}):(\d{1,6}))$/.exec(id ?? "");
  if (match === null) return undefined;
  const [, axis, index, row, column] = match;
  if (axis === "row") return { kind: "row", row: Number(index) };
  if (axis === "column") return { kind: "column", column: Number(index) };
  return { kind: "cell", row: Number(row), column: Number(column) };
}

/** Whether a mark takes in the cell of a row and a column; no mark takes in everything. */
export function isMarked(mark: AlignmentMark | undefined, row: number, column: number): boolean {
  if (mark === undefined) return true;
  if (mark.kind === "row") return mark.row === row;
  if (mark.kind === "column") return mark.column === column;
  return mark.row === row && mark.column === column;
}
