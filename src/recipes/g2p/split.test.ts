import { describe, expect, test } from "vitest";
import type { Lexicon } from "./lexicon.ts";
import { devSize, holdOut, splitByHash } from "./split.ts";
import { wordHashHex } from "./word-hash.ts";

const lexiconOf = (words: readonly string[]): Lexicon => ({
  entries: words.map((word) => ({ word, pronunciations: [["X"], ["Y"]] })),
});
const wordsOf = ({ entries }: Lexicon): string[] => entries.map(({ word }) => word);
const thousand = Array.from({ length: 1000 }, (_, i) => `W${i}`);

describe("splitByHash", () => {
  test("a word's part is decided by the first digits of its hash", () => {
    // 0.90 is 0xe666... and 0.95 is 0xf333... of the range.
    const part = (word: string): string => {
      const hash = wordHashHex(word);
      return hash < "e66666666667" ? "train" : hash < "f33333333334" ? "dev" : "test";
    };
    const split = splitByHash(lexiconOf(thousand));
    for (const name of ["train", "dev", "test"] as const)
      expect(wordsOf(split[name])).toEqual(thousand.filter((word) => part(word) === name));
  });

  test("keeps all pronunciations of a word together and loses none", () => {
    const { train, dev, test: held } = splitByHash(lexiconOf(thousand));
    expect(train.entries.length + dev.entries.length + held.entries.length).toBe(1000);
    expect(held.entries.every(({ pronunciations }) => pronunciations.length === 2)).toBe(true);
  });

  test("a word stays in its part when the lexicon grows", () => {
    const small = splitByHash(lexiconOf(thousand.slice(0, 100)));
    const large = splitByHash(lexiconOf(thousand));
    expect(wordsOf(large.dev)).toEqual(expect.arrayContaining(wordsOf(small.dev)));
    expect(wordsOf(large.test)).toEqual(expect.arrayContaining(wordsOf(small.test)));
  });
});

describe("holdOut", () => {
  test("takes the words with the smallest hashes and keeps the order", () => {
    // sha256: ABC b5d4..., A 559a..., B df7e..., C 6b23...
    const { train, dev } = holdOut(lexiconOf(["ABC", "C", "B", "A"]), 2);
    expect(wordsOf(dev)).toEqual(["C", "A"]);
    expect(wordsOf(train)).toEqual(["ABC", "B"]);
  });

  test.each([4, 5, -1, 1.5])("refuses to hold out %s of 4 words", (count) => {
    expect(() => holdOut(lexiconOf(["ABC", "C", "B", "A"]), count)).toThrow(
      `holdOut: count must be from 0 to 3, for 4 words, got ${count}`,
    );
  });
});

test("the dev part is 2,670 words, or 5 % of a smaller file", () => {
  expect([106_837, 5340, 5339, 100, 2].map(devSize)).toEqual([2670, 2670, 267, 5, 1]);
});
