import { expect, test } from "vitest";
import { normalizeWord } from "./word.ts";

test.each([
  ["attention", "ATTENTION"],
  ["don’t", "DON'T"],
  ["rock ʼn", "ROCK 'N"],
  ["cafe\u0301", "CAFÉ"],
  ["café", "CAFÉ"],
  ["", ""],
])("%j is read as %j, and stays so", (word, read) => {
  expect(normalizeWord(word)).toBe(read);
  expect(normalizeWord(read)).toBe(read);
});
