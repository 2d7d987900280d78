// Word and phoneme error rates, by the rule of the published grapheme-to-phoneme results.

import { inputError } from "../../core/errors.ts";
import { editDistance } from "../../text/edit-distance.ts";
import { type Lexicon, lettersOf } from "./lexicon.ts";

/** Errors of the words of one length. `wer` is in percent. */
export type LengthScore = {
  readonly letterCount: number;
  readonly wordCount: number;
  readonly wrongWordCount: number;
  readonly wer: number;
};

/** Error rates in percent, the unit of the papers, and the counts that they are made of. */
export type Score = {
  /** 100 x `wrongWordCount` / `wordCount`. */
  readonly wer: number;
  /** 100 x `distance` / `referenceLength`. It can exceed 100. */
  readonly per: number;
  readonly wordCount: number;
  /** Words that equal none of their references. */
  readonly wrongWordCount: number;
  /** Sum over words of the distance to the chosen reference. */
  readonly distance: number;
  /** Sum over words of the length of the chosen reference, in phonemes. */
  readonly referenceLength: number;
  /** One row for each word length that occurs, shortest first. */
  readonly byLength: readonly LengthScore[];
};

/**
 * Scores one prediction for each word of `lexicon`.
 *
 * For each word the chosen reference is the minimum over its pronunciations of the pair (edit distance, reference
 * length), compared in that order: of two equally near references the shorter counts.
 *
 * @param lexicon - the words with all their references.
 * @param predictions - phonemes, in the order of `lexicon.entries`; an empty prediction is allowed.
 * @throws HeedError "input" when the numbers differ, there is no word, or a word has no reference or an empty one.
 *
 * Source: Toshniwal and Livescu, SLT 2016 (arXiv:1610.06540), `calc_levenshtein_loss` of their code;
 *   the word error rate of g2p-seq2seq follows the same rule.
 */
export function scorePredictions(lexicon: Lexicon, predictions: readonly (readonly string[])[]): Score {
  const { entries } = lexicon;
  if (entries.length === 0) throw inputError("scorePredictions", "lexicon must have at least one word", "none");
  if (predictions.length !== entries.length)
    throw inputError(
      "scorePredictions",
      `predictions must have one item for each of the ${entries.length} words`,
      String(predictions.length),
    );
  const lengths = new Map<number, { wordCount: number; wrongWordCount: number }>();
  let wrongWordCount = 0;
  let distance = 0;
  let referenceLength = 0;
  for (const [i, { word, pronunciations }] of entries.entries()) {
    if (pronunciations.length === 0 || pronunciations.some(({ length }) => length === 0))
      throw inputError("scorePredictions", "every word must have references, none of them empty", JSON.stringify(word));
    const nearest = nearestReference(predictions[i]!, pronunciations);
    const wrong = nearest.distance > 0 ? 1 : 0;
    wrongWordCount += wrong;
    distance += nearest.distance;
    referenceLength += nearest.length;
    const letterCount = lettersOf(word).length;
    const row = lengths.get(letterCount) ?? { wordCount: 0, wrongWordCount: 0 };
    lengths.set(letterCount, { wordCount: row.wordCount + 1, wrongWordCount: row.wrongWordCount + wrong });
  }
  const byLength = [...lengths]
    .sort(([a], [b]) => a - b)
    .map(([letterCount, row]) => ({ letterCount, ...row, wer: percent(row.wrongWordCount, row.wordCount) }));
  return {
    wer: percent(wrongWordCount, entries.length),
    per: percent(distance, referenceLength),
    wordCount: entries.length,
    wrongWordCount,
    distance,
    referenceLength,
    byLength,
  };
}

/** The least pair (distance, length) over `references`; both are Infinity where there are none. */
export function nearestReference(
  predicted: readonly string[],
  references: readonly (readonly string[])[],
): { readonly distance: number; readonly length: number } {
  let nearest = { distance: Infinity, length: Infinity };
  for (const reference of references) {
    const { length } = reference;
    const distance = editDistance(predicted, reference);
    if (distance < nearest.distance || (distance === nearest.distance && length < nearest.length))
      nearest = { distance, length };
  }
  return nearest;
}

function percent(part: number, whole: number): number {
  return (100 * part) / whole;
}
