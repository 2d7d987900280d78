// Train, dev and test parts of a lexicon, chosen by the hash of each word, so that no random state decides.

import { inputError } from "../../core/errors.ts";
import type { Lexicon, LexiconEntry } from "./lexicon.ts";
import { wordHash48, wordHashHex } from "./word-hash.ts";

/** Three lexicons without a common word. All pronunciations of a word are in the same part. */
export type LexiconSplit = { readonly train: Lexicon; readonly dev: Lexicon; readonly test: Lexicon };

/**
 * Splits by word: with f = the first 48 bits of SHA-256(word) / 2^48, a word is in train for f < 0.90,
 * in dev for 0.90 <= f < 0.95, in test for f >= 0.95.
 *
 * A word's part depends on its spelling only, so it never moves when the lexicon grows.
 */
export function splitByHash({ entries }: Lexicon): LexiconSplit {
  const train: LexiconEntry[] = [];
  const dev: LexiconEntry[] = [];
  const test: LexiconEntry[] = [];
  for (const entry of entries) {
    const fraction = wordHash48(entry.word) / 2 ** 48;
    (fraction < 0.9 ? train : fraction < 0.95 ? dev : test).push(entry);
  }
  return { train: { entries: train }, dev: { entries: dev }, test: { entries: test } };
}

/** The words that Yao and Zweig 2015 and Toshniwal and Livescu 2016 hold out of the training part of g014b2b. */
export const devWordCount = 2670;

/**
 * The size of the dev part for a training file of `wordCount` words: 2,670 words,
 * or 5 % (rounded, at least 1) where the file has fewer than twice that.
 */
export function devSize(wordCount: number): number {
  return wordCount >= 2 * devWordCount ? devWordCount : Math.max(1, Math.round(wordCount * 0.05));
}

/**
 * Takes the `count` words with the smallest SHA-256 (compared as hexadecimal text) out as the dev part.
 * Both parts keep the order of the lexicon.
 *
 * @throws HeedError "input" when that would leave no word to train on.
 */
export function holdOut(lexicon: Lexicon, count: number): { readonly train: Lexicon; readonly dev: Lexicon } {
  const { entries } = lexicon;
  if (!Number.isInteger(count) || count < 0 || count >= entries.length)
    throw inputError(
      "holdOut",
      `count must be from 0 to ${entries.length - 1}, for ${entries.length} words`,
      String(count),
    );
  const hashed = entries.map(({ word }) => ({ word, hash: wordHashHex(word) }));
  hashed.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const held = new Set(hashed.slice(0, count).map(({ word }) => word));
  return {
    train: { entries: entries.filter(({ word }) => !held.has(word)) },
    dev: { entries: entries.filter(({ word }) => held.has(word)) },
  };
}
