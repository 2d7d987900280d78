import { expect, suite, test } from "vitest";
import { phoneme, toIpa } from "./arpabet.ts";
import { checkWord, describeAlphabet } from "./word.ts";

const alphabet = "'-abcdefghijklmnopqrstuvwxyz";
const sentence = (typed: string): string => {
  const checked = checkWord(typed, alphabet);
  return checked.ok ? `ok ${checked.word}` : checked.sentence;
};

suite("checkWord", () => {
  test("brings case, spaces around and curly apostrophes into the alphabet", () => {
    expect(sentence("  O\u2019Clock ")).toBe("ok o'clock");
    expect(checkWord("abc", "ABC")).toEqual({ ok: true, word: "ABC" });
  });
  test("says what is wrong and names the alphabet", () => {
    expect(sentence(" ")).toBe("Type a word. The model reads a to z, apostrophe and hyphen.");
    expect(sentence("a1")).toBe("“1” is not in the alphabet. The model reads a to z, apostrophe and hyphen.");
    expect(sentence("\u{1f468}\u200d\u{1f469}")).toContain("“\u{1f468}” is not");
    expect(sentence("мир")).toContain("“м” is not");
    expect(sentence("two words")).toContain("One word at a time");
    expect(sentence("a".repeat(64))).toBe(`ok ${"a".repeat(64)}`);
    expect(sentence("a".repeat(65))).toContain("That is 65 characters; the longest word has 64.");
  });
});

suite("describeAlphabet", () => {
  test("joins runs of letters and names the signs", () => {
    expect(describeAlphabet(alphabet)).toBe("a to z, apostrophe and hyphen");
    expect(describeAlphabet("bca.")).toBe("a to c and full stop");
    expect(describeAlphabet("xa")).toBe("a and x");
    expect(describeAlphabet("")).toBe("");
  });
});

suite("arpabet", () => {
  test("knows sounds with and without stress", () => {
    expect(phoneme("IY1")).toEqual({ ipa: "i", example: "eat" });
    expect(phoneme("<s>")).toBeUndefined();
    expect(toIpa(["K", "ER1", "N", "AH0", "L"])).toBe("/kɝnəl/");
    expect(toIpa(["?"])).toBeUndefined();
    expect(toIpa([])).toBeUndefined();
  });
});
