// The one form of a word that data, fingerprints and models share, and how long a word may be.

/** The longest word that is read, in letters of its normal form: nearly three times the longest of the benchmark. */
export const longestWord = 64;

/**
 * A word in the form that everything here compares and reads: Unicode NFC, upper case, typographic apostrophes plain.
 *
 * Example: `normalizeWord("don’t")` is `"DON'T"`, and é is one letter however it was typed. A word in this form stays as it is.
 */
export function normalizeWord(word: string): string {
  // A letter in upper case may come apart (ΐ becomes three signs) or hold an apostrophe (ŉ), so both are seen to after it.
  return word
    .normalize("NFC")
    .toUpperCase()
    .normalize("NFC")
    .replaceAll(/[\u2018\u2019\u02bc]/g, "'");
}
