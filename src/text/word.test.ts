import * as fc from "fast-check";
import { expect, test } from "vitest";
import { normalizeWord } from "./word.ts";

test.each([
  ["attention", "ATTENTION"],
  ["don’t", "DON'T"],
  ["rock ʼn", "ROCK 'N"],
  ["\u0149", "'N"],
  ["cafe\u0301", "CAFÉ"],
  ["café", "CAFÉ"],
  ["\u0390", "\u03aa\u0301"],
  ["straße", "STRASSE"],
  ["", ""],
])("%j is read as %j, and stays so", (word, read) => {
  expect(normalizeWord(word)).toBe(read);
  expect(normalizeWord(read)).toBe(read);
});

test("one form for every spelling of a word, and no other form of that form", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (word) => {
      const read = normalizeWord(word);
      expect(normalizeWord(read)).toBe(read);
      expect(normalizeWord(word.normalize("NFD"))).toBe(read);
      expect(normalizeWord(word.normalize("NFC"))).toBe(read);
    }),
  );
});
