import { describe, expect, test } from "vitest";
import { buildLexicon, lettersOf, lexiconFacts } from "./lexicon.ts";

describe("lexicon", () => {
  const { lexicon, duplicateCount } = buildLexicon([
    { word: "read", phonemes: ["R", "IY", "D"] },
    { word: "A", phonemes: ["AH"] },
    { word: "READ", phonemes: ["R", "EH", "D"] },
    { word: "read", phonemes: ["R", "IY", "D"] },
  ]);

  test("groups by word in upper case, in order of first appearance, without repetitions", () => {
    expect(lexicon.entries).toEqual([
      {
        word: "READ",
        pronunciations: [
          ["R", "IY", "D"],
          ["R", "EH", "D"],
        ],
      },
      { word: "A", pronunciations: [["AH"]] },
    ]);
    expect(duplicateCount).toBe(1);
  });

  test("takes spellings of one word for one", () => {
    const { lexicon } = buildLexicon([
      { word: "don\u2019t", phonemes: ["D"] },
      { word: "don't", phonemes: ["T"] },
      { word: "cafe\u0301", phonemes: ["K"] },
      { word: "CAF\u00c9", phonemes: ["F"] },
    ]);
    expect(lexicon.entries).toEqual([
      { word: "DON'T", pronunciations: [["D"], ["T"]] },
      { word: "CAF\u00c9", pronunciations: [["K"], ["F"]] },
    ]);
  });

  test("counts", () => {
    expect(lexiconFacts(lexicon)).toEqual({
      wordCount: 2,
      pronunciationCount: 3,
      letters: ["A", "D", "E", "R"],
      phonemes: ["AH", "D", "EH", "IY", "R"],
      longestWord: 4,
      longestPronunciation: 3,
    });
    expect(lexiconFacts({ entries: [] }).longestWord).toBe(0);
  });

  test("words named like object members are ordinary", () => {
    const odd = buildLexicon([
      { word: "__proto__", phonemes: ["P"] },
      { word: "constructor", phonemes: ["K"] },
    ]);
    expect(odd.lexicon.entries.map(({ word }) => word)).toEqual(["__PROTO__", "CONSTRUCTOR"]);
  });

  test("a letter is a code point", () => {
    expect(lettersOf("A𐐀")).toEqual(["A", "𐐀"]);
  });
});
