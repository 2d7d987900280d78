// A lexicon: words and how each is said.

import { normalizeWord } from "../../text/word.ts";

/** A word in its normal form (`normalizeWord`) and its one or more distinct pronunciations, each a sequence of phonemes without stress. */
export type LexiconEntry = {
  readonly word: string;
  readonly pronunciations: readonly (readonly string[])[];
};

/** Words in the order of their first appearance, each once. */
export type Lexicon = { readonly entries: readonly LexiconEntry[] };

/** What a lexicon holds; "longest" counts letters and phonemes. */
export type LexiconFacts = {
  readonly wordCount: number;
  readonly pronunciationCount: number;
  readonly letters: readonly string[];
  readonly phonemes: readonly string[];
  readonly longestWord: number;
  readonly longestPronunciation: number;
};

/**
 * Groups pronunciations by word. Words are put in their normal form; a pronunciation that its word already has is left out.
 *
 * @returns `lexicon`, and `duplicateCount`, how many pronunciations were left out.
 */
export function buildLexicon(lines: Iterable<{ readonly word: string; readonly phonemes: readonly string[] }>): {
  readonly lexicon: Lexicon;
  readonly duplicateCount: number;
} {
  const byWord = new Map<string, Map<string, readonly string[]>>();
  let duplicateCount = 0;
  for (const { word, phonemes } of lines) {
    const name = normalizeWord(word);
    const known = byWord.get(name) ?? new Map<string, readonly string[]>();
    byWord.set(name, known);
    const key = phonemes.join(" ");
    if (known.has(key)) duplicateCount++;
    else known.set(key, phonemes);
  }
  const entries = [...byWord].map(([word, known]) => ({ word, pronunciations: [...known.values()] }));
  return { lexicon: { entries }, duplicateCount };
}

/** The letters of a word: its code points, so that a letter outside the basic plane stays whole. */
export function lettersOf(word: string): string[] {
  return [...word];
}

/** Counts a lexicon; `letters` and `phonemes` are the distinct ones in code-unit order, ready for `createVocabulary`. */
export function lexiconFacts({ entries }: Lexicon): LexiconFacts {
  const letters = new Set<string>();
  const phonemes = new Set<string>();
  let pronunciationCount = 0;
  let longestWord = 0;
  let longestPronunciation = 0;
  for (const { word, pronunciations } of entries) {
    const spelling = lettersOf(word);
    for (const letter of spelling) letters.add(letter);
    longestWord = Math.max(longestWord, spelling.length);
    pronunciationCount += pronunciations.length;
    for (const pronunciation of pronunciations) {
      for (const phoneme of pronunciation) phonemes.add(phoneme);
      longestPronunciation = Math.max(longestPronunciation, pronunciation.length);
    }
  }
  return {
    wordCount: entries.length,
    pronunciationCount,
    letters: [...letters].sort(),
    phonemes: [...phonemes].sort(),
    longestWord,
    longestPronunciation,
  };
}
