// What a bench prints: a table for a person, or one JSON document.

/** One line of a bench's result. */
export interface Row {
  readonly name: string;
  /** Null where it could not be measured; the name then says why. */
  readonly ours: number | null;
  readonly unit: string;
  /** What it is compared with, or why there is nothing. */
  readonly peer: string;
  readonly theirs: number | null;
  /** How many times better ours is than theirs: above 1, ours is better. */
  readonly ratio: number | null;
}

/** Whether more or less of a unit is better. */
export type Better = "less" | "more";

/** A row whose ratio follows from its two numbers, unless one measured round by round is given. */
export function row(
  name: string,
  ours: number | null,
  unit: string,
  { peer = "", theirs = null, better = "less", ratio }: Partial<Omit<Row, "name">> & { readonly better?: Better } = {},
): Row {
  const known = ours === null || theirs === null ? null : better === "less" ? theirs / ours : ours / theirs;
  return { name, ours, unit, peer, theirs, ratio: ratio === undefined ? known : ratio };
}

/** Prints rows to stdout: with `json` the document `{ "rows": [...] }`, else a table. */
export function printRows(rows: readonly Row[], json: boolean): void {
  console.log(json ? JSON.stringify({ rows }) : table(rows));
}

function table(rows: readonly Row[]): string {
  const cells = rows.map((r) => [r.name, digits(r.ours), r.unit, digits(r.theirs), digits(r.ratio), r.peer]);
  const lines = [["name", "ours", "unit", "theirs", "ratio", "peer"], ...cells];
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const numeric = new Set([1, 3, 4]);
  return lines
    .map((line) =>
      line
        .map((cell, i) => (numeric.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Three significant digits, without an exponent. */
function digits(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return "-";
  if (value === 0) return "0";
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}
