import { expect, test } from "vitest";
import { rovingTarget } from "./roving.ts";

test("arrows go along the row and stop at its ends; other keys are not the row's", () => {
  expect(rovingTarget("ArrowRight", 1, 3, false)).toBe(2);
  expect(rovingTarget("ArrowRight", 2, 3, false)).toBe(2);
  expect(rovingTarget("ArrowLeft", 0, 3, false)).toBe(0);
  expect(rovingTarget("ArrowDown", 0, 3, true)).toBe(1);
  expect(rovingTarget("ArrowDown", 0, 3, false)).toBeUndefined();
  expect([rovingTarget("Home", 2, 3, false), rovingTarget("End", 0, 3, true)]).toEqual([0, 2]);
  expect(rovingTarget("Enter", 0, 3, false)).toBeUndefined();
});
