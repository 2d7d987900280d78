// The counts of the published split. The data is beside the repository, not in it; where it is absent, this is skipped.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { countOverlap, fingerprintSize, fingerprintWords } from "./fingerprint.ts";
import { loadFolder } from "./folder.ts";
import { lexiconFacts } from "./lexicon.ts";
import { lexiconDigest } from "./lexicon-digest.ts";
import { publishedDigests } from "./published.ts";
import { scorePredictions } from "./score.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/g2p", import.meta.url));
const present = existsSync(folder);

test("g014b2b has its published counts", async ({ skip }) => {
  skip(!present, "g014b2b is not at ../shared/data/g2p");
  const { split, report } = await loadFolder(folder);
  expect(report).toEqual({
    trainFile: "g014b2b.train",
    referenceFile: "g014b2b.ref",
    trainLineCount: 113_438,
    trainWordCount: 106_837,
    duplicateCount: 0,
    devWordCount: 2670,
    testWordCount: 12_000,
    testPronunciationCount: 12_753,
    unseenLetters: [],
    unseenPhonemes: [],
  });
  const train = lexiconFacts(split.train);
  const dev = lexiconFacts(split.dev);
  expect([train.wordCount, dev.wordCount]).toEqual([104_167, 2670]);
  expect([train.pronunciationCount, dev.pronunciationCount]).toEqual([110_611, 2827]);
  expect(train.letters).toHaveLength(27);
  expect(train.phonemes).toHaveLength(39);
  expect([train.longestWord, train.longestPronunciation]).toEqual([22, 20]);
  expect(split.dev.entries.slice(0, 3).map(({ word }) => word)).toEqual(["AACHEN", "ABJECT", "ABNORMALLY"]);

  expect(lexiconDigest(split.test)).toBe(publishedDigests.test);
  expect(lexiconDigest(split.train, split.dev)).toBe(publishedDigests.training);

  const counts = split.test.entries.map(({ pronunciations }) => pronunciations.length);
  expect(counts.filter((count) => count === 1)).toHaveLength(11_327);
  expect(counts.filter((count) => count === 2)).toHaveLength(614);
  expect(counts.filter((count) => count > 2)).toHaveLength(59);

  const taught = fingerprintWords([...split.train.entries, ...split.dev.entries].map(({ word }) => word));
  expect(fingerprintSize(taught)).toBe(106_837);
  expect(
    countOverlap(
      taught,
      split.test.entries.map(({ word }) => word),
    ).count,
  ).toBe(0);

  // Any reference of a word is a right answer.
  const last = split.test.entries.map(({ pronunciations }) => pronunciations.at(-1) ?? []);
  expect(scorePredictions(split.test, last)).toMatchObject({ wer: 0, per: 0, wordCount: 12_000 });
}, 60_000);
