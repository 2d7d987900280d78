// Words in; phonemes, scores and where the model looked out.

import { inputError, type HeedError } from "../../core/errors.ts";
import { checkParams } from "../../nn/checks.ts";
import type { Device } from "../../engine/runtime.ts";
import { decode as spell, encode as index, type Vocabulary } from "../../text/vocabulary.ts";
import { longestWord } from "../../text/word.ts";
import { usualAlpha, type Hypothesis } from "../seq2seq/search.ts";
import { checkWord } from "./check-word.ts";
import { longestSourceOf, pronounceDecoder } from "./network.ts";
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
  /** Log-probability in nats of the whole pronunciation, its end included; what pronunciations are ordered by, unless `alpha` says otherwise. */
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
  /** Exponent of the length penalty, as in `DecodeOptions`. Default 0: the likeliest first. */
  readonly alpha?: number;
}

/** A model ready to pronounce. */
export interface Pronouncer {
  /** Letters that a word may have. */
  readonly alphabet: readonly string[];
  /** Pronounces words, each answered on its own: a word that cannot be read does not spoil the others. */
  pronounce(words: readonly string[], options?: PronounceOptions): Promise<readonly PronounceResult[]>;
  dispose(): Promise<void>;
}

/**
 * The lengths, in letters, that words are padded to: they come one by one, so a few compiled lengths serve them all. Each
 * is compiled when its first word comes.
 */
export const wordLengths: readonly number[] = [8, 16, 32, longestWord];

type Readable = { readonly word: string; readonly symbols: readonly string[] };
type ReadWord = Readable | { readonly word: string; readonly error: HeedError };

/** Loads a model into the engine. @param device - default: as `compile`. */
export function createPronouncer(model: PronounceModel, options: { readonly device?: Device } = {}): Pronouncer {
  checkParams("createPronouncer", model, ["network", "config", "letters", "phonemes", "params"], "model");
  const decoder = pronounceDecoder(model, { buckets: wordLengths, ...options });
  const longest = longestSourceOf(model);
  const readWord = (word: string): ReadWord => {
    const checked = checkWord(word, model.letters.symbols);
    if (!("symbols" in checked) || checked.symbols.length <= longest) return { word, ...checked };
    const got = `${JSON.stringify(checked.symbols.slice(0, 24).join(""))} with ${checked.symbols.length}`;
    return { word, error: inputError("pronounce", `a word may have at most ${longest} letters with this model`, got) };
  };
  return {
    alphabet: model.letters.symbols,
    async pronounce(words, { beam = 1, nbest = 1, alpha = usualAlpha } = {}) {
      checkSearch(beam, nbest);
      const read = words.map(readWord);
      const good = read.filter((r): r is Readable => "symbols" in r);
      const found = await decoder.decode(
        good.map((r) => index(model.letters, r.symbols)),
        { beam, nbest, alpha },
      );
      let next = 0;
      return read.map((r): PronounceResult => {
        if (!("symbols" in r)) return { word: r.word, error: r.error };
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
