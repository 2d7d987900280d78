// Sampling, exactly: what stays, with which probability, and which symbol a number draws.

import { describe, expect, test } from "vitest";
import { rng } from "../../core/random.ts";
import { choicesOf, sampleFrom, type SampleOptions } from "./sample.ts";

/** Probabilities 1/2, 1/4, 1/8, 1/8 of symbols 2, 0, 1, 3. */
const logits = [1 / 4, 1 / 8, 1 / 2, 1 / 8].map(Math.log);
const expectClose = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((p, i) => expect(p).toBeCloseTo(expected[i]!, 12));
};

test("symbols come the likeliest first, of equal ones the first", () => {
  const { ids, probabilities } = choicesOf(logits);
  expect(ids).toEqual([2, 0, 1, 3]);
  expectClose(probabilities, [1 / 2, 1 / 4, 1 / 8, 1 / 8]);
});

describe("top-k", () => {
  test.each<readonly [number, readonly number[], readonly number[]]>([
    [1, [2], [1]],
    [2, [2, 0], [2 / 3, 1 / 3]],
    // A tie at the border: exactly k stay.
    [3, [2, 0, 1], [4 / 7, 2 / 7, 1 / 7]],
    [4, [2, 0, 1, 3], [1 / 2, 1 / 4, 1 / 8, 1 / 8]],
    [99, [2, 0, 1, 3], [1 / 2, 1 / 4, 1 / 8, 1 / 8]],
  ])("%d", (topK, ids, probabilities) => {
    const got = choicesOf(logits, { topK });
    expect(got.ids).toEqual(ids);
    expectClose(got.probabilities, probabilities);
  });
});

describe("top-p keeps the fewest symbols whose mass reaches it", () => {
  test.each<readonly [number, readonly number[]]>([
    [1e-9, [2]],
    [0.5 - 1e-9, [2]],
    [0.5 + 1e-9, [2, 0]],
    [0.75 - 1e-9, [2, 0]],
    // Two equal ones: the first is enough.
    [0.75 + 1e-9, [2, 0, 1]],
    [0.875 + 1e-9, [2, 0, 1, 3]],
    [1, [2, 0, 1, 3]],
  ])("%d", (topP, ids) => {
    const got = choicesOf(logits, { topP });
    expect(got.ids).toEqual(ids);
    expect(got.probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  test("exactly, where the mass is met", () => {
    expect(choicesOf([0, 0, 0, 0], { topP: 0.5 }).ids).toEqual([0, 1]);
    expect(choicesOf([0, 0, 0, 0], { topP: 0.25 }).ids).toEqual([0]);
  });

  test("of what top-k has left, and after the temperature", () => {
    // Top-2 leaves 2/3 and 1/3.
    expect(choicesOf(logits, { topK: 2, topP: 0.66 }).ids).toEqual([2]);
    expect(choicesOf(logits, { topK: 2, topP: 0.67 }).ids).toEqual([2, 0]);
    // At temperature 1/2 probabilities are squared: 16, 4, 1 and 1 of 22.
    expect(choicesOf(logits, { temperature: 0.5, topP: 0.72 }).ids).toEqual([2]);
    expect(choicesOf(logits, { temperature: 0.5, topP: 0.73 }).ids).toEqual([2, 0]);
  });

  test("1 keeps what is next to impossible, and never what is impossible", () => {
    expect(choicesOf([0, -700, -Infinity], { topP: 1 }).ids).toEqual([0, 1]);
    expect(choicesOf([-Infinity, 0], { topK: 5 }).ids).toEqual([1]);
  });
});

describe("temperature", () => {
  test("divides the logits", () => {
    const { ids, probabilities } = choicesOf(logits, { temperature: 2 });
    expect(ids).toEqual([2, 0, 1, 3]);
    const roots = [2, Math.SQRT2, 1, 1];
    expectClose(
      probabilities,
      roots.map((w) => w / (4 + Math.SQRT2)),
    );
    expect(choicesOf(logits, { temperature: 1e6 }).probabilities.every((p) => Math.abs(p - 0.25) < 1e-5)).toBe(true);
  });

  test("0 is the likeliest, the first of equal ones, whatever the number and the other options", () => {
    for (const random of [0, 0.5, 0.999]) {
      expect(sampleFrom([1, 3, 3, 2], { temperature: 0, topK: 3, topP: 0.9 }, random)).toBe(1);
      expect(sampleFrom([-5, -Infinity], { temperature: 0 }, random)).toBe(0);
    }
  });

  test("towards 0 comes to the same, however small it is; equal ones share", () => {
    for (const temperature of [1e-3, 1e-12, Number.MIN_VALUE]) {
      const { ids, probabilities } = choicesOf([1, 3, 2.9], { temperature });
      expect([ids[0], probabilities[0]]).toEqual([1, 1]);
      expect(choicesOf([3, 3, 1], { temperature }).probabilities).toEqual([0.5, 0.5, 0]);
      expect(sampleFrom([3, 1, 3], { temperature }, 0.75)).toBe(2);
    }
  });
});

test("logits so far apart or so large that their exponentials are not numbers", () => {
  expect(choicesOf([1e30, 0]).probabilities).toEqual([1, 0]);
  expectClose(choicesOf([1000, 1000]).probabilities, [0.5, 0.5]);
});

test("a number draws the symbol at its share", () => {
  const at = (random: number): number => sampleFrom(logits, {}, random);
  expect([0, 0.49, 0.51, 0.74, 0.76, 0.874, 0.876, 1 - 2 ** -24].map(at)).toEqual([2, 2, 0, 0, 1, 1, 3, 3]);
});

test("draws come as often as they are likely", () => {
  const counts = [0, 0, 0, 0];
  const numbers = rng(4).uniform([40_000], 0.5).data as Float32Array;
  for (const u of numbers) counts[sampleFrom(logits, { topK: 3 }, Math.min(u + 0.5, 1 - 2 ** -24))]!++;
  [2 / 7, 1 / 7, 4 / 7, 0].forEach((p, id) => expect(counts[id]! / 40_000).toBeCloseTo(p, 2));
});

describe("what cannot be is refused", () => {
  test.each<readonly [SampleOptions, string]>([
    [{ temperature: -1 }, "sampleFrom: temperature must be a finite number >= 0, got -1"],
    [{ temperature: NaN }, "temperature must be a finite number >= 0, got NaN"],
    [{ temperature: Infinity }, "temperature must be a finite number >= 0, got Infinity"],
    [{ topK: 0 }, "topK must be an integer >= 1, got 0. Leave it out to keep all symbols."],
    [{ topK: 1.5 }, "topK must be an integer >= 1, got 1.5"],
    [{ topP: 0 }, "topP must lie in 0 < topP <= 1, got 0. 1 keeps all symbols."],
    [{ topP: 1.1 }, "topP must lie in 0 < topP <= 1, got 1.1"],
    [{ top: 1 } as never, 'options must be among temperature, topK, topP, got "top"'],
  ])("%o", (options, message) => {
    expect(() => sampleFrom(logits, options, 0)).toThrow(message);
  });

  test.each<readonly [readonly number[], number, string]>([
    [[0, NaN], 0, "logits must be finite numbers or -Infinity, got NaN of symbol 1"],
    [[Infinity, 0], 0, "logits must be finite numbers or -Infinity, got Infinity of symbol 0"],
    [[-Infinity], 0, "some symbol must be possible, got 1 logits without a finite one"],
    [[], 0, "some symbol must be possible, got 0 logits"],
    [[0], 1, "random must lie in 0 <= random < 1, got 1"],
    [[0], -0.1, "random must lie in 0 <= random < 1, got -0.1"],
  ])("%o, %d", (given, random, message) => {
    expect(() => sampleFrom(given, {}, random)).toThrow(message);
  });
});
