// Levenshtein distance over sequences of symbols.

/**
 * The least number of insertions, deletions and substitutions, each costing 1, that turn `a` into `b`.
 *
 * Symbols are compared by `===`. A string is taken as its UTF-16 units; pass `[...text]` for code points.
 * Time |a| x |b|, memory |b|.
 *
 * Example: `editDistance(["K", "AE", "T"], ["K", "AH", "T", "S"])` is 2.
 *
 * Source: Wagner and Fischer, Journal of the ACM 21(1), 1974; only one row of their table is kept.
 */
export function editDistance<T>(a: ArrayLike<T>, b: ArrayLike<T>): number {
  // row[j] is the distance from the first i symbols of a to the first j symbols of b.
  const row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0]!;
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      const substituted = diagonal + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(substituted, above + 1, row[j - 1]! + 1);
      diagonal = above;
    }
  }
  return row[b.length]!;
}
