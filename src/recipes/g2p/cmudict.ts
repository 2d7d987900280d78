// The CMU pronouncing dictionary as the recipe's built-in data.

import { fileError } from "../../core/errors.ts";
import { normalizeWord } from "../../text/word.ts";
import { buildLexicon, type Lexicon } from "./lexicon.ts";
import { type LexiconSplit, splitByHash } from "./split.ts";

/** What was read and what was left out. */
export type CmudictReport = {
  /** Keys of the dictionary; `a` and `a(2)` are two. */
  readonly keyCount: number;
  /** Words and pronunciations that were kept. */
  readonly wordCount: number;
  readonly pronunciationCount: number;
  /** Pronunciations left out because they equal another of the same word once stress is removed. */
  readonly duplicateCount: number;
  /** Words left out, by reason. Their pronunciations are not counted in `duplicateCount`. */
  readonly dropped: { readonly period: number; readonly hyphen: number; readonly other: number };
};

/**
 * Loads the npm package `cmu-pronouncing-dictionary` and splits it by `splitByHash`.
 *
 * Version 3.0.0 has 135,155 keys for 126,046 words. Left out: 1,126 words (114 with a period, 1,012 with a hyphen)
 * and 303 pronunciations that differ by stress alone. Kept: 124,920 words with 133,659 pronunciations over 27 letters
 * and 39 phonemes; train 112,556 words (120,434 pronunciations), dev 6,105 (6,532), test 6,259 (6,693).
 *
 * These labels are of a later release than g014b2b, so error rates are not comparable with the published ones;
 * and 11,996 of its 12,000 test words are in this dictionary, 10,777 of them in `train`.
 */
export async function loadCmudict(): Promise<{ readonly split: LexiconSplit; readonly report: CmudictReport }> {
  const { dictionary } = await import("cmu-pronouncing-dictionary");
  const { lexicon, report } = parseCmudict(dictionary);
  return { split: splitByHash(lexicon), report };
}

/**
 * Reads entries such as `"read(2)": "R IY1 D"`: the number in the key is removed, so is a comment (`# name, dutch`)
 * and the stress digit of each vowel; words with anything but A to Z and the apostrophe are left out.
 *
 * @throws HeedError "file" when a pronunciation is not a row of ARPAbet symbols.
 */
export function parseCmudict(dictionary: Readonly<Record<string, string>>): {
  readonly lexicon: Lexicon;
  readonly report: CmudictReport;
} {
  const lines: { word: string; phonemes: readonly string[] }[] = [];
  const droppedWords = new Map<string, keyof CmudictReport["dropped"]>();
  const keys = Object.keys(dictionary);
  for (const key of keys) {
    const word = normalizeWord(key.replace(/\(\d+\)$/, ""));
    if (/^[A-Z']+$/.test(word)) lines.push({ word, phonemes: phonemesOf(key, dictionary[key]!) });
    else droppedWords.set(word, word.includes(".") ? "period" : word.includes("-") ? "hyphen" : "other");
  }
  const { lexicon, duplicateCount } = buildLexicon(lines);
  const dropped = { period: 0, hyphen: 0, other: 0 };
  for (const reason of droppedWords.values()) dropped[reason]++;
  return {
    lexicon,
    report: {
      keyCount: keys.length,
      wordCount: lexicon.entries.length,
      pronunciationCount: lines.length - duplicateCount,
      duplicateCount,
      dropped,
    },
  };
}

/** What was left out, as one line; null for nothing. */
export function cmudictNote({ duplicateCount, dropped }: CmudictReport): string | null {
  const { period, hyphen, other } = dropped;
  const parts = [
    [period, "words with a period"],
    [hyphen, "words with a hyphen"],
    [other, "words with other signs"],
    [duplicateCount, "pronunciations that differ by stress alone"],
  ] as const;
  const said = parts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return said.length === 0 ? null : `left out: ${said.join(", ")}`;
}

function phonemesOf(key: string, text: string): string[] {
  const phonemes = text.replace(/\s*#.*$/, "").split(" ");
  for (const phoneme of phonemes)
    if (!/^[A-Z]{1,2}[012]?$/.test(phoneme))
      throw fileError(
        `cmu-pronouncing-dictionary, key ${JSON.stringify(key)}`,
        "a pronunciation must be ARPAbet symbols separated by single spaces",
        JSON.stringify(text),
        "Install version 3.0.0 of the package.",
      );
  return phonemes.map((phoneme) => phoneme.replace(/[012]$/, ""));
}
