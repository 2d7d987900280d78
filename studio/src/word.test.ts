import { expect, suite, test } from "vitest";
import { describeSounds, soundsOf, toIpa } from "./arpabet.ts";
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
    expect(sentence("a1")).toBe(
      "“a1” cannot be read: “1” is not in the alphabet. The model reads a to z, apostrophe and hyphen.",
    );
    expect(sentence("\u{1f468}\u200d\u{1f469}")).toContain("“\u{1f468}” is not");
    expect(sentence("мир")).toContain("“м” is not");
    expect(sentence("two words")).toContain("“two words” is more than a word: one at a time");
    expect(sentence("a".repeat(64))).toBe(`ok ${"a".repeat(64)}`);
    expect(sentence("a".repeat(65))).toContain(`“${"a".repeat(20)}…” has 65 characters; the longest word has 64.`);
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
});
