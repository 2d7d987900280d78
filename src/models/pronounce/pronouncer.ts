// Words in; phonemes, scores and where the model looked out.

import { HeedError, inputError } from "../../core/errors.ts";
import type { Device } from "../../engine/runtime.ts";
import { decode as spell, encode as index, type Vocabulary } from "../../text/vocabulary.ts";
import { normalizeWord } from "../../text/word.ts";
import { createDecoder } from "../seq2seq/decode.ts";
import type { Hypothesis } from "../seq2seq/search.ts";
import type { PronounceModel } from "./model.ts";

/** Where each phoneme looked: `weights[row][column]`, each row a distribution over the letters. */
export interface Alignment {
  /** Phonemes. */
  readonly rows: readonly string[];
  /** Letters. */
  readonly columns: readonly string[];
  readonly weights: readonly (readonly number[])[];
}

/** One pronunciation of a word. */
export interface Pronunciation {
  readonly phonemes: readonly string[];
  /** Log-probability in nats of the whole pronunciation, its end included; what pronunciations are ordered by. */
  readonly score: number;
  /** Empty weights where the model has no attention. */
  readonly attention: Alignment;
  /** False where the search stopped at the longest pronunciation allowed (twice the letters and 10) without coming to an end. */
  readonly complete: boolean;
}

/** What became of one word: pronunciations, best first, or why there is none. */
export type PronounceResult =
  | { readonly word: string; readonly pronunciations: readonly Pronunciation[] }
  | { readonly word: string; readonly error: HeedError };

/** How pronunciations are searched for. */
export interface PronounceOptions {
  /** Hypotheses kept a step; 1 is greedy. Default 1. */
  readonly beam?: number;
  /** Pronunciations returned, at most `beam`. Default 1. */
  readonly nbest?: number;
}

/** A model ready to pronounce. */
export interface Pronouncer {
  /** Letters that a word may have. */
  readonly alphabet: readonly string[];
  /** Pronounces words, each answered on its own: a word that cannot be read does not spoil the others. */
  pronounce(words: readonly string[], options?: PronounceOptions): Promise<readonly PronounceResult[]>;
  dispose(): Promise<void>;
}

/** The longest word that is read, in letters: more than twice the longest the model has met. */
export const longestWord = 64;

// Words come one by one here, so a few compiled lengths serve them all.
const buckets = [8, 16, 32, longestWord];

/** A word as the model reads it (`normalizeWord`). @throws HeedError naming the word and the alphabet. */
export function readWord(word: string, letters: Vocabulary): readonly string[] {
  const symbols = [...normalizeWord(word)];
  const typed = [...word];
  const shown = typed.length > 24 ? `${typed.slice(0, 24).join("")}...` : word;
  const alphabet = `letters of ${alphabetText(letters.symbols)}`;
  if (symbols.length === 0)
    throw inputError("pronounce", `a word must have at least one of the ${alphabet}`, "an empty word");
  if (symbols.length > longestWord)
    throw inputError(
      "pronounce",
      `a word may have at most ${longestWord} letters`,
      `"${shown}" with ${symbols.length}`,
    );
  const foreign = [...new Set(typed.filter((s) => ![...normalizeWord(s)].every((part) => letters.ids.has(part))))];
  if (symbols.some((s) => !letters.ids.has(s)))
    throw inputError(
      "pronounce",
      `a word may have only the ${alphabet}`,
      `"${shown}" with ${foreign
        .slice(0, 5)
        .map((s) => `"${s}"`)
        .join(", ")}`,
      repairOf(foreign, letters),
    );
  if (!symbols.some((s) => /\p{L}/u.test(s)))
    throw inputError(
      "pronounce",
      `a word must have at least one letter of ${alphabetText(letters.symbols)}`,
      `"${shown}"`,
    );
  return symbols;
}

/** What to do about symbols that no letter of the alphabet stands for. */
function repairOf(foreign: readonly string[], letters: Vocabulary): string {
  const plain = (s: string): string => s.normalize("NFD").replaceAll(/\p{M}/gu, "");
  if (foreign.every((s) => [...normalizeWord(plain(s))].every((part) => letters.ids.has(part))))
    return "Write the word without accents.";
  if (foreign.every((s) => /\p{L}|\p{M}/u.test(s)))
    return "Write the word in the model's alphabet, or use a model of its own script.";
  if (foreign.every((s) => /\p{N}/u.test(s))) return "Write numbers out in letters.";
  return "Leave out what is not a letter, or write it out.";
}

type Readable = { readonly word: string; readonly symbols: readonly string[] };
type ReadWord = Readable | { readonly word: string; readonly error: HeedError };

/** Loads a model into the engine. @param device - default: as `compile`. */
export function createPronouncer(model: PronounceModel, options: { readonly device?: Device } = {}): Pronouncer {
  const decoder = createDecoder(model.config, model.params, { buckets, ...options });
  return {
    alphabet: model.letters.symbols,
    async pronounce(words, { beam = 1, nbest = 1 } = {}) {
      checkSearch(beam, nbest);
      const read = words.map((word): ReadWord => {
        try {
          return { word, symbols: readWord(word, model.letters) };
        } catch (error) {
          if (error instanceof HeedError) return { word, error };
          throw error;
        }
      });
      const good = read.filter((r): r is Readable => "symbols" in r);
      const found = await decoder.decode(
        good.map((r) => index(model.letters, r.symbols)),
        // Without a length penalty the order is that of the probabilities shown.
        { beam, nbest, alpha: 0 },
      );
      let next = 0;
      return read.map((r): PronounceResult => {
        if (!("symbols" in r)) return r;
        return {
          word: r.word,
          pronunciations: found[next++]!.map((h) => toPronunciation(h, r.symbols, model.phonemes)),
        };
      });
    },
    dispose: () => decoder.dispose(),
  };
}

function checkSearch(beam: number, nbest: number): void {
  for (const [name, value] of Object.entries({ beam, nbest }))
    if (!Number.isInteger(value) || value < 1 || value > 100)
      throw inputError("pronounce", `${name} must be an integer from 1 to 100`, String(value));
  if (nbest > beam)
    throw inputError("pronounce", "nbest must not exceed beam", `nbest ${nbest}, beam ${beam}`, "Raise the beam.");
}

function toPronunciation(hypothesis: Hypothesis, letters: readonly string[], phonemes: Vocabulary): Pronunciation {
  const rows = spell(phonemes, hypothesis.target);
  // The last row belongs to the end of the word, which is not a phoneme.
  return {
    phonemes: rows,
    score: hypothesis.logProb,
    attention: { rows, columns: letters, weights: hypothesis.weights.slice(0, rows.length) },
    complete: hypothesis.complete,
  };
}

function alphabetText(symbols: readonly string[]): string {
  const plain = symbols.filter((s) => /^[A-Z]$/.test(s));
  const rest = symbols.filter((s) => !/^[A-Z]$/.test(s));
  const range = plain.length === 26 ? "A to Z" : plain.join(" ");
  return [range, rest.join(" ")].filter((part) => part !== "").join(" and ");
}
