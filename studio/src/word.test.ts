import { expect, suite, test } from "vitest";
import { describeSounds, soundsOf, toIpa } from "./arpabet.ts";
import { describeAlphabet, readTyped } from "./word.ts";

const alphabet = [..."'-ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const said = (typed: string): string => {
  const read = readTyped(typed, alphabet);
  return "word" in read ? `ok ${read.word}` : read.sentence;
};

suite("readTyped", () => {
  test("asks for the word that heed itself would read", () => {
    expect(said("  O\u2019Clock ")).toBe("ok O'CLOCK");
    expect(said("stra\u00dfe")).toBe("ok STRASSE");
    expect(said("\ufb01sh")).toBe("ok FISH");
  });
  test("says what is wrong, how to mend it, and names the alphabet", () => {
    const reads = "The model reads a to z, apostrophe and hyphen.";
    expect(said(" ")).toBe(`Type a word. ${reads}`);
    expect(said("a1")).toBe(`“a1” cannot be read: “1” is not in the alphabet. Write numbers out in letters. ${reads}`);
    expect(said("caf\u00e9")).toContain("“\u00e9” is not in the alphabet. Write the word without accents.");
    expect(said("'")).toBe(`“'” has no letter. ${reads}`);
    expect(said("\u{1f468}\u200d\u{1f469}")).toContain("“\u{1f468}” is not");
    expect(said("мир")).toContain("“м” is not");
    expect(said("new york")).toBe(`“new york” is more than one word: type one at a time, without spaces. ${reads}`);
    expect(said("a".repeat(64))).toBe(`ok ${"A".repeat(64)}`);
    expect(said("a".repeat(65))).toContain(`“${"a".repeat(20)}…” has 65 letters; the longest word has 64.`);
  });
});

suite("describeAlphabet", () => {
  test("joins runs of letters and names the signs", () => {
    expect(describeAlphabet(alphabet)).toBe("a to z, apostrophe and hyphen");
    expect(describeAlphabet([..."BCA."])).toBe("a to c and full stop");
    expect(describeAlphabet([..."XA"])).toBe("a and x");
    expect(describeAlphabet([])).toBe("");
  });
});

suite("arpabet", () => {
  test("knows sounds with and without stress", () => {
    expect(soundsOf("IY1")).toEqual([{ ipa: "i", example: "eat" }]);
    expect(soundsOf("<s>")).toEqual([]);
    expect(toIpa(["K", "ER1", "N", "AH0", "L"])).toEqual({ written: "/kɝnəl/", approximate: false });
    expect(toIpa(["?"])).toBeUndefined();
    expect(toIpa([])).toBeUndefined();
  });
  test("a vowel that does not say its stress is written as unstressed, and all that it may be is said", () => {
    expect(toIpa(["D", "AO", "T", "ER"])).toEqual({ written: "/dɔtɚ/", approximate: true });
    expect(toIpa(["S", "T"])?.approximate).toBe(false);
    expect(describeSounds("AH")).toBe("/ə/ as in “about” or /ʌ/ as in “hut”");
    expect(describeSounds("AH1")).toBe("/ʌ/ as in “hut”");
    expect(describeSounds("AH0")).toBe("/ə/ as in “about”");
    expect(describeSounds("?")).toBe("");
  });
  test("the only vowel of a word carries its stress, marked or not", () => {
    expect(toIpa(["K", "AH", "T"])).toEqual({ written: "/kʌt/", approximate: false });
    expect(toIpa(["B", "ER", "D"])).toEqual({ written: "/bɝd/", approximate: false });
    expect(toIpa(["AH0"])).toEqual({ written: "/ə/", approximate: false });
    expect(toIpa(["L", "EH", "T", "ER"])).toEqual({ written: "/lɛtɚ/", approximate: true });
  });
});
