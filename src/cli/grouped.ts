// Large numbers as people read them.

/** A whole number with its digits in groups: `5,137,450`. */
export function grouped(value: number): string {
  return value.toLocaleString("en-US");
}
