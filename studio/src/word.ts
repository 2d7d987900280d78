// What counts as a word: the model's alphabet, said in words when something else is typed.

/** The longest word that is read, in characters. */
export const longestWord = 64;

export type CheckedWord =
  { readonly ok: true; readonly word: string } | { readonly ok: false; readonly sentence: string };

/**
 * Brings a typed word into the model's alphabet, or says in a sentence why it cannot be read.
 *
 * @param typed - what stands in the field; case, outer spaces and curly apostrophes do not matter.
 * @param alphabet - every character that the model reads.
 */
export function checkWord(typed: string, alphabet: string): CheckedWord {
  const known = new Set(alphabet);
  const reads = `The model reads ${describeAlphabet(alphabet)}.`;
  const plain = typed
    .normalize("NFC")
    .trim()
    .replace(/[\u2018\u2019\u02bc]/g, "'");
  const quoted = shorten(plain);
  const letters = [...plain].map((letter) => fold(letter, known));
  if (letters.length === 0) return { ok: false, sentence: `Type a word. ${reads}` };
  if (letters.length > longestWord)
    return {
      ok: false,
      sentence: `“${quoted}” has ${letters.length} characters; the longest word has ${longestWord}. ${reads}`,
    };
  const stranger = letters.find((letter) => !known.has(letter));
  if (stranger === undefined) return { ok: true, word: letters.join("") };
  if (/\s/u.test(stranger))
    return { ok: false, sentence: `“${quoted}” is more than a word: one at a time, without spaces. ${reads}` };
  return { ok: false, sentence: `“${quoted}” cannot be read: “${stranger}” is not in the alphabet. ${reads}` };
}

/** An alphabet in words: `a to z, apostrophe and hyphen`. */
export function describeAlphabet(alphabet: string): string {
  const letters = [...new Set(alphabet)].sort();
  const runs: string[][] = [];
  for (const letter of letters) {
    const run = runs.at(-1);
    if (run !== undefined && follows(run.at(-1)!, letter)) run.push(letter);
    else runs.push([letter]);
  }
  // Letters first, then the signs: that is the order in which a person cares.
  const words = runs.flatMap((run) => (run.length > 2 ? [`${run[0]} to ${run.at(-1)}`] : run.map(nameOf)));
  const ordered = [
    ...words.filter((word) => /^.( to|$)/u.test(word)),
    ...words.filter((word) => !/^.( to|$)/u.test(word)),
  ];
  return ordered.length < 2 ? ordered.join("") : `${ordered.slice(0, -1).join(", ")} and ${ordered.at(-1)}`;
}

/** What was typed, cut where a sentence would drown in it. */
function shorten(typed: string): string {
  const characters = [...typed];
  return characters.length > 24 ? `${characters.slice(0, 20).join("")}…` : typed;
}

function fold(letter: string, known: ReadonlySet<string>): string {
  return [letter, letter.toLowerCase(), letter.toUpperCase()].find((form) => known.has(form)) ?? letter;
}

function follows(before: string, after: string): boolean {
  return /^\p{L}$/u.test(before) && after === String.fromCodePoint(before.codePointAt(0)! + 1);
}

function nameOf(letter: string): string {
  const names: Readonly<Record<string, string>> = {
    "'": "apostrophe",
    "-": "hyphen",
    ".": "full stop",
    _: "underscore",
    " ": "space",
  };
  return names[letter] ?? letter;
}
