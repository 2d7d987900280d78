import { describe, expect, test } from "vitest";
import type { Lexicon } from "./lexicon.ts";
import { nearestReference, scorePredictions } from "./score.ts";

const say = (text: string): string[] => (text === "" ? [] : text.split(" "));
const lexiconOf = (words: Readonly<Record<string, readonly string[]>>): Lexicon => ({
  entries: Object.entries(words).map(([word, references]) => ({ word, pronunciations: references.map(say) })),
});

describe("scorePredictions", () => {
  test("a hand-derived case", () => {
    const lexicon = lexiconOf({
      CAT: ["K AE T"], // predicted K AE T: distance 0, length 3
      DOG: ["D AO G"], // predicted D AA G Z: AO>AA, +Z: distance 2, length 3
      READ: ["R IY D", "R EH D"], // predicted R EH D: equals the second: distance 0, length 3
      ROUTE: ["R UW T", "R AW T IY"], // predicted R AW T: 1 to the first (length 3), 1 to the second (length 4): length 3
    });
    const score = scorePredictions(lexicon, ["K AE T", "D AA G Z", "R EH D", "R AW T"].map(say));
    expect(score).toEqual({
      wordCount: 4,
      wrongWordCount: 2,
      wer: 50,
      distance: 3, // 0 + 2 + 0 + 1
      referenceLength: 12, // 3 + 3 + 3 + 3
      per: 25,
      byLength: [
        { letterCount: 3, wordCount: 2, wrongWordCount: 1, wer: 50 },
        { letterCount: 4, wordCount: 1, wrongWordCount: 0, wer: 0 },
        { letterCount: 5, wordCount: 1, wrongWordCount: 1, wer: 100 },
      ],
    });
  });

  test("PER uses the length of the nearest reference, not of the first or the longest", () => {
    const lexicon = lexiconOf({ X: ["A", "A B C D"] });
    // To "A": 3 deletions. To "A B C D": one substitution.
    expect(scorePredictions(lexicon, [say("A B C E")])).toMatchObject({ distance: 1, referenceLength: 4, per: 25 });
  });

  test("an empty prediction costs the shortest reference; PER can exceed 100", () => {
    const lexicon = lexiconOf({ X: ["A B C", "A B"] });
    expect(scorePredictions(lexicon, [[]])).toMatchObject({ distance: 2, referenceLength: 2, per: 100, wer: 100 });
    expect(scorePredictions(lexiconOf({ X: ["A"] }), [say("B C D")]).per).toBe(300);
  });

  test("refuses what has no rate", () => {
    expect(() => scorePredictions({ entries: [] }, [])).toThrow("lexicon must have at least one word, got none");
    expect(() => scorePredictions(lexiconOf({ X: ["A"] }), [])).toThrow("one item for each of the 1 words, got 0");
    expect(() => scorePredictions(lexiconOf({ X: [] }), [[]])).toThrow('references, none of them empty, got "X"');
    expect(() => scorePredictions(lexiconOf({ X: [""] }), [[]])).toThrow('references, none of them empty, got "X"');
  });
});

test("nearestReference compares (distance, length) in that order", () => {
  expect(nearestReference(say("A B"), [say("A B C"), say("A")])).toEqual({ distance: 1, length: 1 });
  expect(nearestReference(say("A B"), [say("A"), say("A B C")])).toEqual({ distance: 1, length: 1 });
  expect(nearestReference(say("A B"), [say("C"), say("A B C")])).toEqual({ distance: 1, length: 3 });
});
