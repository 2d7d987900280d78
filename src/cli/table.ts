// Tables for a terminal: columns as wide as their widest cell.

/**
 * Rows as aligned lines; the first row is the head.
 *
 * @param right - indexes of columns that are aligned to the right, as numbers are.
 */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => length(row[column] ?? ""))));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const room = " ".repeat(widths[column]! - length(cell));
          return right.includes(column) ? room + cell : cell + room;
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function length(text: string): number {
  return [...text].length;
}
