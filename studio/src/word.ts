// What stands in the field, as the word that the model is asked for, or as a sentence of why there is none.

import { checkWord, longestWord, type WordProblem } from "heed/models";

export type TypedWord = { readonly word: string } | { readonly sentence: string };

/**
 * The word to ask for, in the normal form that the model reads, or why it cannot be read.
 *
 * @param typed - what stands in the field.
 * @param alphabet - every symbol that the model reads.
 */
export function readTyped(typed: string, alphabet: readonly string[]): TypedWord {
  const checked = checkWord(typed, alphabet);
  if ("symbols" in checked) return { word: checked.symbols.join("") };
  const { problem, error } = checked;
  const why = sentenceOf(problem, `“${shorten(typed.trim())}”`);
  const repair = problem.kind === "foreign" && error.hint !== undefined ? ` ${error.hint}` : "";
  return { sentence: `${why}${repair} The model reads ${describeAlphabet(alphabet)}.` };
}

function sentenceOf(problem: WordProblem, quoted: string): string {
  switch (problem.kind) {
    case "empty":
      return "Type a word.";
    case "spaces":
      return `${quoted} is more than one word: type one at a time, without spaces.`;
    case "length":
      return `${quoted} has ${problem.letterCount} letters; the longest word has ${longestWord}.`;
    case "foreign":
      return `${quoted} cannot be read: “${problem.symbols[0]!.toLowerCase()}” is not in the alphabet.`;
    case "letterless":
      return `${quoted} has no letter.`;
  }
}

/** An alphabet in words and small letters: `a to z, apostrophe and hyphen`. */
export function describeAlphabet(alphabet: readonly string[]): string {
  const letters = [...new Set(alphabet.map((symbol) => symbol.toLowerCase()))].sort();
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
