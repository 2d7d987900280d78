import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editDistance } from "./edit-distance.ts";

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["", "AB", 2],
    ["AB", "", 2],
    ["ABC", "ABC", 0],
    ["KITTEN", "SITTING", 3], // K>S, E>I, +G
    ["SATURDAY", "SUNDAY", 3], // -A, -T, R>N
    ["AB", "BA", 2], // a swap is two steps
  ])("%s to %s is %i", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  test("compares whole symbols, not their letters", () => {
    expect(editDistance(["K", "AE", "T"], ["K", "AH", "T", "S"])).toBe(2);
    expect(editDistance(["AE"], ["A", "E"])).toBe(2);
  });

  const sequence = fc.array(fc.constantFrom("A", "B", "C"), { maxLength: 8 });

  test("is a metric, within the bounds of the lengths", () => {
    fc.assert(
      fc.property(sequence, sequence, sequence, (a, b, c) => {
        const ab = editDistance(a, b);
        expect(editDistance(b, a)).toBe(ab);
        expect(ab === 0).toBe(a.join() === b.join());
        expect(ab).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(ab).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(editDistance(a, c)).toBeLessThanOrEqual(ab + editDistance(b, c));
      }),
    );
  });

  test("equals the recursive definition", () => {
    const recursive = (a: readonly string[], b: readonly string[]): number =>
      a.length === 0 || b.length === 0
        ? a.length + b.length
        : Math.min(
            recursive(a.slice(1), b) + 1,
            recursive(a, b.slice(1)) + 1,
            recursive(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1),
          );
    const short = fc.array(fc.constantFrom("A", "B"), { maxLength: 5 });
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(editDistance(a, b)).toBe(recursive(a, b));
      }),
    );
  });
});
