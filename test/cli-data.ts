// A small language for quick trainings: four letters a word, one phoneme a letter, so that one compiled step serves them all.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const sounds: Readonly<Record<string, string>> = { A: "AA", E: "EH", I: "IH", O: "OW", B: "B", D: "D", K: "K", T: "T" };

/** Every word of consonant, vowel, consonant, vowel: 256, in a mixed order. */
export const smallWords: readonly string[] = Array.from({ length: 256 }, (_, i) => {
  const n = (i * 101) % 256;
  return "BDKT"[n & 3]! + "AEIO"[(n >> 2) & 3]! + "BDKT"[(n >> 4) & 3]! + "AEIO"[(n >> 6) & 3]!;
});

/** One line of a data file. */
export function lineOf(word: string): string {
  return `${word}\t${[...word].map((letter) => sounds[letter]!).join(" ")}\n`;
}

/** Writes a data folder: `trainCount` words to train on and the next 20 to test with. */
export function writeSmallData(folder: string, trainCount = 84): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "small.train"), smallWords.slice(0, trainCount).map(lineOf).join(""));
  writeFileSync(
    join(folder, "small.ref"),
    smallWords
      .slice(trainCount, trainCount + 20)
      .map(lineOf)
      .join(""),
  );
}
