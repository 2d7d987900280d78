import { describe, expect, test } from "vitest";
import { cmudictNote, loadCmudict, parseCmudict } from "./cmudict.ts";
import { lexiconFacts } from "./lexicon.ts";

describe("parseCmudict", () => {
  const { lexicon, report } = parseCmudict({
    a: "AH0",
    "a(2)": "EY1",
    "a.m.": "EY2 EH1 M",
    aalto: "AA1 L T OW2 # name, finnish",
    "baby-sit": "B EY1 B IY0 S IH2 T",
    "baby-sit(2)": "B EY1 B IY0 S IH2 T",
    "o'er": "AO1 R",
    record: "R IH0 K AO1 R D",
    "record(2)": "R EH1 K ER0 D",
    "record(10)": "R IH1 K AO0 R D",
    b42: "B IY1",
  });

  test("groups variants, removes stress and comments", () => {
    expect(lexicon.entries).toEqual([
      { word: "A", pronunciations: [["AH"], ["EY"]] },
      { word: "AALTO", pronunciations: [["AA", "L", "T", "OW"]] },
      { word: "O'ER", pronunciations: [["AO", "R"]] },
      {
        word: "RECORD",
        pronunciations: [
          ["R", "IH", "K", "AO", "R", "D"],
          ["R", "EH", "K", "ER", "D"],
        ],
      },
    ]);
  });

  test("reports what it left out", () => {
    expect(report).toEqual({
      keyCount: 11,
      wordCount: 4,
      pronunciationCount: 6,
      duplicateCount: 1,
      dropped: { period: 1, hyphen: 1, other: 1 },
    });
  });

  test.each(["", "AA1  B", "aa1 b", "AA3"])("refuses the pronunciation %j", (text) => {
    expect(() => parseCmudict({ word: text })).toThrow(
      `cmu-pronouncing-dictionary, key "word": a pronunciation must be ARPAbet symbols separated by single spaces, got ${JSON.stringify(text)}.`,
    );
  });
});

test("the installed dictionary has the documented counts", async () => {
  const { split, report } = await loadCmudict();
  expect(report).toEqual({
    keyCount: 135_155,
    wordCount: 124_920,
    pronunciationCount: 133_659,
    duplicateCount: 303,
    dropped: { period: 114, hyphen: 1012, other: 0 },
  });
  expect(cmudictNote(report)).toBe(
    "left out: 114 words with a period, 1012 words with a hyphen, 303 pronunciations that differ by stress alone",
  );
  const [train, dev, held] = [split.train, split.dev, split.test].map(lexiconFacts);
  expect([train?.wordCount, dev?.wordCount, held?.wordCount]).toEqual([112_556, 6105, 6259]);
  expect([train?.pronunciationCount, dev?.pronunciationCount, held?.pronunciationCount]).toEqual([120_434, 6532, 6693]);
  expect(train?.letters.join("")).toBe("'ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  expect(train?.phonemes).toHaveLength(39);
  // Dev and test need no letter or phoneme that training lacks.
  expect(dev?.phonemes).toEqual(train?.phonemes);
  expect(held?.phonemes).toEqual(train?.phonemes);
}, 60_000);
