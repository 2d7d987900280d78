// What a word is: the symbols that a model of an alphabet is given for it, or why there are none.

import { inputError, type HeedError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { longestWord, normalizeWord } from "../../text/word.ts";

/** What keeps a word from being read, in facts from which every surface makes its own sentence. */
export type WordProblem =
  | { readonly kind: "empty" }
  /** More than one word. */
  | { readonly kind: "spaces" }
  | { readonly kind: "length"; readonly letterCount: number }
  /** Symbols of the word's normal form that are not in the alphabet, each once. */
  | { readonly kind: "foreign"; readonly symbols: readonly string[] }
  /** Signs alone, for instance an apostrophe. */
  | { readonly kind: "letterless" };

/** The symbols of a word, or why it cannot be read: as facts, and as the error that names word and alphabet. */
export type CheckedWord =
  { readonly symbols: readonly string[] } | { readonly problem: WordProblem; readonly error: HeedError };

/**
 * A word as a model of the alphabet reads it: in its normal form (`normalizeWord`), without the spaces around it.
 *
 * Example: `checkWord(" straße ", alphabet)` has the symbols S T R A S S E; `checkWord("new york", alphabet)` a problem.
 *
 * @param alphabet - every symbol that the model reads, as `Pronouncer.alphabet`.
 */
export function checkWord(word: string, alphabet: readonly string[]): CheckedWord {
  if (typeof word !== "string") throw inputError("checkWord", "the word must be a text", kindOf(word));
  const trimmed = word.trim();
  const symbols = [...normalizeWord(trimmed)];
  const known = new Set(alphabet);
  const problem = problemOf(symbols, known);
  return problem === null ? { symbols } : { problem, error: errorOf(trimmed, problem, alphabet, known) };
}

function problemOf(symbols: readonly string[], known: ReadonlySet<string>): WordProblem | null {
  if (symbols.length === 0) return { kind: "empty" };
  if (symbols.length > longestWord) return { kind: "length", letterCount: symbols.length };
  const foreign = [...new Set(symbols.filter((symbol) => !known.has(symbol)))];
  if (foreign.some((symbol) => /\s/u.test(symbol))) return { kind: "spaces" };
  if (foreign.length > 0) return { kind: "foreign", symbols: foreign };
  return symbols.some((symbol) => /\p{L}/u.test(symbol)) ? null : { kind: "letterless" };
}

function errorOf(
  word: string,
  problem: WordProblem,
  alphabet: readonly string[],
  known: ReadonlySet<string>,
): HeedError {
  const refuse = (expected: string, got: string, hint?: string): HeedError =>
    inputError("pronounce", expected, got, hint);
  const letters = `letters of ${alphabetText(alphabet)}`;
  const typed = [...word];
  const shown = `"${typed.length > 24 ? `${typed.slice(0, 24).join("")}...` : word}"`;
  switch (problem.kind) {
    case "empty":
      return refuse(`a word must have at least one of the ${letters}`, "an empty word");
    case "spaces":
      return refuse(`a word may have only the ${letters}, and no spaces`, shown, "Give one word at a time.");
    case "length":
      return refuse(`a word may have at most ${longestWord} ${letters}`, `${shown} with ${problem.letterCount}`);
    case "foreign": {
      const named = problem.symbols.slice(0, 5).map((symbol) => `"${symbol}"`);
      return refuse(
        `a word may have only the ${letters}`,
        `${shown} with ${named.join(", ")}`,
        repairOf(problem.symbols, known),
      );
    }
    case "letterless":
      return refuse(`a word must have at least one letter of ${alphabetText(alphabet)}`, shown);
  }
}

/** What to do about symbols that no letter of the alphabet stands for. */
function repairOf(foreign: readonly string[], known: ReadonlySet<string>): string {
  const plain = (symbol: string): string => symbol.normalize("NFD").replaceAll(/\p{M}/gu, "");
  if (foreign.every((symbol) => [...normalizeWord(plain(symbol))].every((part) => known.has(part))))
    return "Write the word without accents.";
  if (foreign.every((symbol) => /\p{L}|\p{M}/u.test(symbol)))
    return "Write the word in the model's alphabet, or use a model of its own script.";
  if (foreign.every((symbol) => /\p{N}/u.test(symbol))) return "Write numbers out in letters.";
  return "Leave out what is not a letter, or write it out.";
}

function alphabetText(symbols: readonly string[]): string {
  const plain = symbols.filter((symbol) => /^[A-Z]$/.test(symbol));
  const rest = symbols.filter((symbol) => !/^[A-Z]$/.test(symbol));
  const range = plain.length === 26 ? "A to Z" : plain.join(" ");
  return [range, rest.join(" ")].filter((part) => part !== "").join(" and ");
}
