// Keys within a row of buttons that is one tab stop.

/** The button that a key goes to from `index` of `count`; undefined when the key is none of the row's. */
export function rovingTarget(key: string, index: number, count: number, vertical: boolean): number | undefined {
  const last = count - 1;
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === (vertical ? "ArrowUp" : "ArrowLeft")) return Math.max(0, index - 1);
  if (key === (vertical ? "ArrowDown" : "ArrowRight")) return Math.min(last, index + 1);
  return undefined;
}
