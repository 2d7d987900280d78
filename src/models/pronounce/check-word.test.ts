import { describe, expect, test } from "vitest";
import { checkWord } from "./check-word.ts";

const alphabet = [..."'ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const read = (word: string): string => {
  const checked = checkWord(word, alphabet);
  return "symbols" in checked ? checked.symbols.join(" ") : checked.error.message;
};

describe("checkWord", () => {
  test.each([
    ["cat", "C A T"],
    [" cat ", "C A T"],
    ["stra\u00dfe", "S T R A S S E"],
    ["\ufb01sh", "F I S H"],
    ["o\u2019clock", "O ' C L O C K"],
    ["a".repeat(64), Array(64).fill("A").join(" ")],
  ])("%j is read as %j", (word, symbols) => {
    expect(read(word)).toBe(symbols);
  });

  test.each([
    ["", "pronounce: a word must have at least one of the letters of A to Z and ', got an empty word"],
    [" \t", "pronounce: a word must have at least one of the letters of A to Z and ', got an empty word"],
    ["'", "pronounce: a word must have at least one letter of A to Z and ', got \"'\""],
    [
      "new york",
      'pronounce: a word may have only the letters of A to Z and \', and no spaces, got "new york". Give one word at a time.',
    ],
    [
      "caf\u00e9",
      'pronounce: a word may have only the letters of A to Z and \', got "caf\u00e9" with "\u00c9". Write the word without accents.',
    ],
    [
      "r2d2",
      'pronounce: a word may have only the letters of A to Z and \', got "r2d2" with "2". Write numbers out in letters.',
    ],
    [
      "a".repeat(65),
      `pronounce: a word may have at most 64 letters of A to Z and ', got "${"a".repeat(24)}..." with 65`,
    ],
  ])("%j is refused: %s", (word, sentence) => {
    expect(read(word)).toBe(sentence);
  });

  test("a problem is facts as well as a sentence", () => {
    expect(checkWord("new york", alphabet)).toMatchObject({ problem: { kind: "spaces" }, error: { code: "input" } });
    expect(checkWord("r2d22", alphabet)).toMatchObject({ problem: { kind: "foreign", symbols: ["2"] } });
    expect(checkWord("'", alphabet)).toMatchObject({ problem: { kind: "letterless" } });
    expect(checkWord("\ufb01".repeat(33), alphabet)).toMatchObject({ problem: { kind: "length", letterCount: 66 } });
  });
});
