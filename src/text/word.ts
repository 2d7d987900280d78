// The one form of a word that data, fingerprints and models share.

/**
 * A word in the form that everything here compares and reads: Unicode NFC, typographic apostrophes plain, upper case.
 *
 * Example: `normalizeWord("don’t")` is `"DON'T"`, and é is one letter however it was typed.
 */
export function normalizeWord(word: string): string {
  return word
    .normalize("NFC")
    .replaceAll(/[\u2018\u2019\u02bc]/g, "'")
    .toUpperCase();
}
