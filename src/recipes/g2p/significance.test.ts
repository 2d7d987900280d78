import { expect, test } from "vitest";
import { mcnemar, pairedTest } from "./significance.ts";

test("McNemar by hand", () => {
  // n = 10, min = 1: 2 (1 + 10) / 1024.
  expect(mcnemar(1, 9)).toBeCloseTo(22 / 1024, 12);
  expect(mcnemar(9, 1)).toBeCloseTo(22 / 1024, 12);
  expect(mcnemar(0, 0)).toBe(1);
  expect(mcnemar(5, 5)).toBe(1);
  // Thousands of words neither vanish nor overflow: 4 standard deviations.
  expect(mcnemar(4800, 5200)).toBeCloseTo(6.6e-5, 5);
  expect(mcnemar(0, 3000)).toBe(0);
});

test("the interval holds the difference, and 0 where models do not differ", () => {
  const first = Array.from({ length: 1000 }, (_, i) => i % 4 === 0);
  const better = first.map((wrong, i) => wrong && i % 8 !== 0);
  const gain = pairedTest(first, better);
  expect(gain).toMatchObject({ onlyFirstWrong: 125, onlySecondWrong: 0, difference: -12.5 });
  expect(gain.low).toBeLessThan(-12.5);
  expect(gain.high).toBeGreaterThan(-12.5);
  // The standard deviation of the mean of such steps is sqrt(0.125 * 0.875 / 1000), so 95 % is 2.05 points each way.
  expect(gain.high - gain.low).toBeGreaterThan(3);
  expect(gain.high - gain.low).toBeLessThan(5.2);
  expect(gain.pValue).toBeLessThan(1e-9);
  expect(pairedTest(first, first)).toMatchObject({ difference: 0, low: 0, high: 0, pValue: 1 });
  expect(pairedTest(first, better)).toEqual(gain);
  expect(() => pairedTest(first, [])).toThrow("the same words");
});
