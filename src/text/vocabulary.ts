// The numbering of symbols: three specials first (pad, begin, end), then the alphabet in its order.

import { fileError, inputError } from "../core/errors.ts";

/** The id that fills a sequence up to the length of its batch. */
export const PAD = 0;
/** The id that starts a decoded sequence. */
export const BEGIN = 1;
/** The id that ends a decoded sequence. */
export const END = 2;
/** How many ids come before the first symbol. */
export const SPECIAL_COUNT = 3;

/**
 * An alphabet and its ids: `symbols[i]` has the id `i + 3`.
 *
 * The specials have ids but no spelling, so no symbol of a user can collide with one.
 * Plain data: it survives `structuredClone` and `postMessage`; for JSON see `vocabularyToJson`.
 */
export type Vocabulary = {
  readonly symbols: readonly string[];
  readonly ids: ReadonlyMap<string, number>;
};

/** The JSON form of a vocabulary. */
export type VocabularyJson = { readonly symbols: readonly string[] };

const maxSymbolCount = 65_536;
const maxSymbolLength = 64;
/** Control, line separator and direction characters. */
const UNSAFE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/**
 * A vocabulary of the given symbols, in the given order.
 *
 * Example: `createVocabulary(["A", "B"])` gives A the id 3 and B the id 4.
 *
 * @param symbols - 1 to 65,536 distinct strings of 1 to 64 UTF-16 units.
 * @throws HeedError "input" when there are none, too many, an empty or overlong one, or the same one twice.
 */
export function createVocabulary(symbols: Iterable<string>): Vocabulary {
  const list = [...symbols];
  const problem = problemOf(list);
  if (problem) throw inputError("createVocabulary", problem.expected, problem.got);
  return { symbols: list, ids: new Map(list.map((symbol, i) => [symbol, i + SPECIAL_COUNT])) };
}

/** The number of ids, specials included: the size of an embedding or of an output layer. */
export function vocabularySize(vocabulary: Vocabulary): number {
  return vocabulary.symbols.length + SPECIAL_COUNT;
}

/**
 * The ids of `symbols`, without begin and end.
 *
 * Example: `encode(createVocabulary(["A", "B"]), ["B", "A"])` is `[4, 3]`.
 *
 * @throws HeedError "input" that names the first unknown symbol, its position (from 1) and the alphabet.
 */
export function encode(vocabulary: Vocabulary, symbols: readonly string[]): number[] {
  return symbols.map((symbol, i) => {
    const id = vocabulary.ids.get(symbol);
    if (id !== undefined) return id;
    throw inputError(
      "encode",
      `every symbol must be one of ${showAlphabet(vocabulary)}`,
      `${quote(symbol)} at position ${i + 1} of ${quote(symbols.join(" "))}`,
      "Respell it with these symbols, or use a model trained on an alphabet that has it.",
    );
  });
}

/**
 * The symbols of `ids` up to the first end; pad and begin are passed over.
 *
 * Example: `decode(createVocabulary(["A", "B"]), [1, 4, 3, 2, 4])` is `["B", "A"]`.
 *
 * @throws HeedError "input" when an id before the end is not a whole number below `vocabularySize`.
 */
export function decode(vocabulary: Vocabulary, ids: ArrayLike<number>): string[] {
  const symbols: string[] = [];
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id === END) break;
    if (id === PAD || id === BEGIN) continue;
    const symbol = vocabulary.symbols[id - SPECIAL_COUNT];
    if (symbol === undefined)
      throw inputError(
        "decode",
        `every id must be a whole number from 0 to ${vocabularySize(vocabulary) - 1}`,
        `${id} at index ${i}`,
      );
    symbols.push(symbol);
  }
  return symbols;
}

/** The JSON form: `JSON.stringify` it, read it back with `vocabularyFromJson`. */
export function vocabularyToJson(vocabulary: Vocabulary): VocabularyJson {
  return { symbols: [...vocabulary.symbols] };
}

/**
 * Checks a parsed JSON value and makes the vocabulary; nothing of `value` is kept but its strings.
 *
 * Symbols with control characters are refused: they would garble a terminal.
 *
 * @param value - what `JSON.parse` gave: an object with the one key "symbols".
 * @param where - the file that it came from, for the message.
 * @throws HeedError "file" when it is anything else; the bounds are those of `createVocabulary`.
 */
export function vocabularyFromJson(value: unknown, where: string): Vocabulary {
  const hint = "The file is damaged or of another version; export the model again.";
  const fail = (expected: string, got: string): never => {
    throw fileError(where, expected, got, hint);
  };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return fail('the vocabulary must be an object with the one key "symbols"', kindOf(value));
  const keys = Object.keys(value);
  if (keys.length !== 1 || keys[0] !== "symbols")
    return fail('the vocabulary must have the one key "symbols"', keys.length === 0 ? "none" : quote(keys.join(" ")));
  const symbols: unknown = (value as { readonly symbols: unknown }).symbols;
  if (!Array.isArray(symbols)) return fail('"symbols" must be an array', kindOf(symbols));
  const problem = problemOf(symbols);
  if (problem) return fail(problem.expected, problem.got);
  const unsafe = (symbols as readonly string[]).findIndex((symbol) => UNSAFE.test(symbol));
  if (unsafe >= 0) return fail("symbols must have no control characters", `one at index ${unsafe}`);
  return createVocabulary(symbols as string[]);
}

function problemOf(symbols: readonly unknown[]): { readonly expected: string; readonly got: string } | null {
  if (symbols.length === 0 || symbols.length > maxSymbolCount)
    return { expected: `a vocabulary needs 1 to ${maxSymbolCount} symbols`, got: String(symbols.length) };
  const seen = new Set<unknown>();
  for (const [i, symbol] of symbols.entries()) {
    if (typeof symbol !== "string" || symbol.length === 0 || symbol.length > maxSymbolLength)
      return {
        expected: `every symbol must be a string of 1 to ${maxSymbolLength} characters`,
        got: `${typeof symbol === "string" ? quote(symbol) : kindOf(symbol)} at index ${i}`,
      };
    if (seen.has(symbol))
      return { expected: "symbols must differ", got: `${quote(symbol)} twice, again at index ${i}` };
    seen.add(symbol);
  }
  return null;
}

function showAlphabet({ symbols }: Vocabulary): string {
  const shown = symbols.slice(0, 64).join(" ");
  return symbols.length > 64 ? `${shown} and ${symbols.length - 64} more` : shown;
}

function kindOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
