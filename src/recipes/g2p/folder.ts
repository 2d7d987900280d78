// A data folder of the user: one *.train file and one *.ref file, in the format of the g014b2b benchmark.

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../../core/errors.ts";
import { longestWord, normalizeWord } from "../../text/word.ts";
import { buildLexicon, type Lexicon, lettersOf, lexiconFacts } from "./lexicon.ts";
import { type Line, lineName, readLines } from "./lines.ts";
import { devSize, holdOut, type LexiconSplit } from "./split.ts";

/** What a data folder holds. */
export type FolderReport = {
  readonly trainFile: string;
  readonly referenceFile: string;
  /** Lines of the training file: one a pronunciation. */
  readonly trainLineCount: number;
  /** Distinct words of the training file, dev words included. */
  readonly trainWordCount: number;
  /** Training lines left out because they repeat an earlier one. */
  readonly duplicateCount: number;
  readonly devWordCount: number;
  readonly testWordCount: number;
  readonly testPronunciationCount: number;
  /** Letters and phonemes that occur in the test file only: no model of this folder can read or say them. */
  readonly unseenLetters: readonly string[];
  readonly unseenPhonemes: readonly string[];
};

type Pronounced = {
  readonly number: number;
  /** In its normal form. */
  readonly word: string;
  readonly pronunciations: readonly (readonly string[])[];
};

const formats = { train: "word TAB phonemes", ref: "word TAB phonemes [TAB phonemes ...]" } as const;
const maxPhonemeCount = 100;
const maxPhonemeLength = 16;

/**
 * Loads a folder with exactly one `*.train` and one `*.ref` file; names that start with a dot are passed over.
 *
 * - `*.train`: `word TAB phonemes`, phonemes separated by single spaces, one line a pronunciation.
 * - `*.ref`: `word TAB phonemes [TAB phonemes ...]`, one line a word (the lines of a repeated word are joined).
 *
 * Words are put in their normal form. The dev part is the 2,670 training words with the smallest SHA-256, or 5 % of the words
 * where there are fewer than 5,340 (see `devSize` and `holdOut`); it is not in `train`.
 *
 * @throws HeedError "file" that names file, line and repair: folder or file missing, several candidates, a malformed line
 *   (see `readLines` too), a word of more letters than a model reads, a pronunciation of more than 100 phonemes, fewer than 2 training words,
 *   or a test word that is also in the training file.
 */
export async function loadFolder(
  directory: string,
): Promise<{ readonly split: LexiconSplit; readonly report: FolderReport }> {
  const names = await listFolder(directory);
  const trainFile = onlyFile(directory, names, ".train");
  const referenceFile = onlyFile(directory, names, ".ref");
  const trainLines = parse(await readLines(join(directory, trainFile), trainFile), trainFile, "train");
  const referenceLines = parse(await readLines(join(directory, referenceFile), referenceFile), referenceFile, "ref");

  const { lexicon: all, duplicateCount } = buildLexicon(pairsOf(trainLines));
  if (all.entries.length < 2)
    throw fileError(trainFile, "must have at least 2 different words", String(all.entries.length), "Add words.");
  refuseOverlap(all, trainFile, referenceLines, referenceFile);
  const { lexicon: test } = buildLexicon(pairsOf(referenceLines));
  const { train, dev } = holdOut(all, devSize(all.entries.length));

  const seen = lexiconFacts(all);
  const tested = lexiconFacts(test);
  return {
    split: { train, dev, test },
    report: {
      trainFile,
      referenceFile,
      trainLineCount: trainLines.length,
      trainWordCount: seen.wordCount,
      duplicateCount,
      devWordCount: dev.entries.length,
      testWordCount: tested.wordCount,
      testPronunciationCount: tested.pronunciationCount,
      unseenLetters: tested.letters.filter((letter) => !seen.letters.includes(letter)),
      unseenPhonemes: tested.phonemes.filter((phoneme) => !seen.phonemes.includes(phoneme)),
    },
  };
}

/** What was left out and what no model of this folder can get right, as one line; null for nothing. */
export function folderNote({ duplicateCount, unseenLetters, unseenPhonemes }: FolderReport): string | null {
  const said = [
    ...(duplicateCount === 0 ? [] : [`left out: ${duplicateCount} repeated training lines`]),
    ...(unseenLetters.length === 0 ? [] : [`letters in test words only: ${listOf(unseenLetters)}`]),
    ...(unseenPhonemes.length === 0 ? [] : [`phonemes in test words only: ${listOf(unseenPhonemes)}`]),
  ];
  return said.length === 0 ? null : said.join("; ");
}

function listOf(symbols: readonly string[]): string {
  const shown = symbols.slice(0, 10).join(" ");
  return symbols.length > 10 ? `${shown} and ${symbols.length - 10} more` : shown;
}

async function listFolder(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => !name.startsWith(".")).sort();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "an unreadable folder";
    const got = code === "ENOENT" ? "nothing there" : code === "ENOTDIR" ? "a file" : code;
    throw fileError(
      directory,
      "must be a folder with one *.train and one *.ref file",
      got,
      "Check the path given as --data.",
    );
  }
}

function onlyFile(directory: string, names: readonly string[], ending: string): string {
  const found = names.filter((name) => name.endsWith(ending));
  if (found.length === 1) return found[0]!;
  const got = found.length === 0 ? "none" : `${found.length}: ${found.slice(0, 5).join(", ")}`;
  const repair =
    found.length === 0 ? "Add one, or check the path given as --data." : "Keep one and move the others away.";
  throw fileError(directory, `must hold exactly one *${ending} file`, got, repair);
}

function parse(lines: readonly Line[], name: string, kind: keyof typeof formats): readonly Pronounced[] {
  return lines.map(({ number, text }) => {
    const where = lineName(name, number);
    const fail = (expected: string, got: string, repair: string): never => {
      throw fileError(where, expected, got, `${repair} The format is: ${formats[kind]}.`);
    };
    const [written = "", ...rest] = text.split("\t");
    const word = normalizeWord(written);
    if (rest.length === 0) fail("must have a tab after the word", quote(text), "Put a tab between word and phonemes.");
    if (rest.length > 1 && kind === "train")
      fail("must have one tab", `${rest.length} in ${quote(text)}`, "Put each pronunciation on its own line.");
    if (word === "" || /\s/.test(word))
      fail("the word must be letters without spaces", quote(written), "Write one word.");
    const letterCount = lettersOf(word).length;
    if (letterCount > longestWord)
      fail(`the word must have at most ${longestWord} letters`, `${letterCount}`, "Leave the word out.");
    return { number, word, pronunciations: rest.map((pronunciation) => phonemesOf(pronunciation, fail)) };
  });
}

function phonemesOf(text: string, fail: (expected: string, got: string, repair: string) => never): readonly string[] {
  if (text.trim() === "") fail("the pronunciation must not be empty", quote(text), "Write its phonemes or delete it.");
  const phonemes = text.split(" ");
  if (phonemes.some((phoneme) => phoneme === "" || /\s/.test(phoneme)))
    fail("phonemes must be separated by single spaces", quote(text), "Remove the other white space.");
  if (phonemes.length > maxPhonemeCount)
    fail(`a pronunciation must have at most ${maxPhonemeCount} phonemes`, `${phonemes.length}`, "Leave the word out.");
  const long = phonemes.find((phoneme) => phoneme.length > maxPhonemeLength);
  if (long !== undefined)
    fail(`a phoneme must have at most ${maxPhonemeLength} characters`, quote(long), "Separate phonemes by spaces.");
  return phonemes;
}

function* pairsOf(lines: readonly Pronounced[]): Generator<{ word: string; phonemes: readonly string[] }> {
  for (const { word, pronunciations } of lines) for (const phonemes of pronunciations) yield { word, phonemes };
}

function refuseOverlap(all: Lexicon, trainFile: string, lines: readonly Pronounced[], referenceFile: string): void {
  const trained = new Set(all.entries.map(({ word }) => word));
  const shared = lines.filter(({ word }) => trained.has(word));
  const first = shared[0];
  if (!first) return;
  const words = new Set(shared.map(({ word }) => word));
  throw fileError(
    lineName(referenceFile, first.number),
    `test words must not be in ${trainFile}`,
    `${words.size} that are, first ${[...words].slice(0, 3).map(quote).join(", ")}`,
    `Remove these words from ${trainFile}; an error rate over words the model was taught would mean nothing.`,
  );
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
