// Measuring a model on the words of a lexicon: error rates, which words were wrong, and how fast it was.

import type { Device } from "../../engine/runtime.ts";
import { pronounceDecoder } from "../../models/pronounce/network.ts";
import type { PronounceModel } from "../../models/pronounce/model.ts";
import { usualAlpha } from "../../models/seq2seq/search.ts";
import { decode as spell, encode as index } from "../../text/vocabulary.ts";
import { lettersOf, type Lexicon } from "./lexicon.ts";
import { nearestReference, scorePredictions, type Score } from "./score.ts";

/** What was measured. */
export interface Evaluation {
  readonly score: Score;
  /** For each word, in the order of the lexicon: whether it equals none of its references. */
  readonly wrong: readonly boolean[];
  /** Words with a letter that the model has never met; they count as wrong. */
  readonly unreadableCount: number;
  /** Time of decoding, the loading of sessions included. */
  readonly seconds: number;
  readonly wordsPerSecond: number;
}

/**
 * Pronounces every word and scores the best pronunciation of each.
 *
 * @param options.beam - hypotheses kept a step. Default 1, greedy.
 * @param options.alpha - exponent of the length penalty. Default `usualAlpha`.
 * @param options.permute - seed of an order in which attention reads each word's states; see `DecoderOptions`.
 * @throws the reason of `options.signal`, between two batches.
 */
export async function evaluateG2p(
  model: PronounceModel,
  lexicon: Lexicon,
  {
    beam = 1,
    alpha = usualAlpha,
    signal,
    ...options
  }: {
    readonly beam?: number;
    readonly alpha?: number;
    readonly signal?: AbortSignal;
    readonly device?: Device;
    readonly threads?: number;
    readonly permute?: number;
  } = {},
): Promise<Evaluation> {
  const { letters, phonemes } = model;
  const spellings = lexicon.entries.map(({ word }) => lettersOf(word));
  const readable = spellings.map((symbols) => symbols.every((symbol) => letters.ids.has(symbol)));
  const decoder = pronounceDecoder(model, options);
  const start = performance.now();
  try {
    const sources = spellings.filter((_, i) => readable[i]).map((symbols) => index(letters, symbols));
    const found = await decoder.decode(sources, { beam, alpha, signal });
    const seconds = (performance.now() - start) / 1000;
    let next = 0;
    const predictions = readable.map((can) => (can ? spell(phonemes, found[next++]![0]!.target) : []));
    return {
      score: scorePredictions(lexicon, predictions),
      wrong: lexicon.entries.map((entry, i) => nearestReference(predictions[i]!, entry.pronunciations).distance > 0),
      unreadableCount: readable.filter((can) => !can).length,
      seconds,
      wordsPerSecond: lexicon.entries.length / Math.max(1e-9, seconds),
    };
  } finally {
    await decoder.dispose();
  }
}
