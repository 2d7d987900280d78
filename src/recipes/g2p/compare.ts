// No attention against attention: figures side by side, by word length, and a verdict that chance has been kept out of.

import { inputError } from "../../core/errors.ts";
import type { G2pCard } from "./card.ts";
import type { G2pVariant } from "./variants.ts";
import type { Lexicon } from "./lexicon.ts";
import type { Measurement } from "./measure.ts";
import { lexiconDigest } from "./lexicon-digest.ts";
import { pairedTest, type PairedTest } from "./significance.ts";

/** One side of the comparison. Rates are in percent. */
export type ComparedModel = {
  readonly folder: string;
  readonly variant: G2pVariant;
  readonly wer: number;
  readonly per: number;
  readonly parameterCount: number;
  readonly epochs: number;
  readonly minutes: number;
  readonly wordsPerSecond: number;
};

/** Both error rates over words of some lengths. */
export type LengthRow = {
  /** Letters, for instance `7-8`. */
  readonly letters: string;
  readonly wordCount: number;
  readonly noneWer: number;
  readonly attentionWer: number;
};

/** The comparison. */
export type Comparison = {
  readonly data: string;
  readonly wordCount: number;
  readonly none: ComparedModel;
  readonly attention: ComparedModel;
  /** The first is without attention; a negative difference speaks for attention. */
  readonly test: PairedTest;
  readonly byLength: readonly LengthRow[];
  /** Whether both had the same words to learn, steps, epochs and, within 10 %, parameters. */
  readonly sameBudget: boolean;
  readonly verdict: string;
};

const lengthBounds: readonly (readonly [number, number])[] = [
  [1, 4],
  [5, 6],
  [7, 8],
  [9, 10],
  [11, 12],
  [13, Infinity],
];

/** Below this p-value a difference is called one. */
const significance = 0.05;

/**
 * Compares two measurements on the same words.
 *
 * @throws HeedError "input" when they are not of the same words, or the models are not one without and one with attention.
 */
export function compareMeasurements(none: Measurement, attention: Measurement): Comparison {
  checkVariants(none.card, attention.card);
  checkWords(none, attention);
  const test = pairedTest(none.evaluation.wrong, attention.evaluation.wrong);
  const sides = { none: sideOf(none), attention: sideOf(attention) };
  const onPar = sameBudget(none.card, attention.card);
  return {
    data: none.data.facts.name,
    wordCount: none.evaluation.wrong.length,
    ...sides,
    test,
    byLength: rowsByLength(none, attention),
    sameBudget: onPar,
    verdict: verdictOf(test, onPar),
  };
}

/** Refuses models that are not one without and one with attention. @throws HeedError "input" */
export function checkVariants({ settings: none }: G2pCard, { settings: attention }: G2pCard): void {
  if (none.variant !== "none" || attention.variant === "none")
    throw inputError(
      "compare",
      "the first model must be without attention and the second with it",
      `${none.variant} and ${attention.variant}`,
    );
}

/** Whether two models had the same words to learn, steps, epochs and, within 10 %, parameters. */
export function sameBudget(first: G2pCard, second: G2pCard): boolean {
  const [one, two] = [first.training, second.training];
  const sizes = [one.parameterCount, two.parameterCount];
  return (
    first.data.digest === second.data.digest &&
    one.steps === two.steps &&
    one.epochs === two.epochs &&
    Math.max(...sizes) <= 1.1 * Math.min(...sizes)
  );
}

/** The sentence that answers the question; without a common budget it only says what was measured. */
export function verdictOf({ difference, low, high, pValue }: PairedTest, onPar: boolean): string {
  const points = `${Math.abs(difference).toFixed(2)} points of WER`;
  const interval = `95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}, p ${pValue < 0.0001 ? "< 0.0001" : `= ${pValue.toFixed(4)}`}`;
  if (pValue >= significance)
    return `These words do not show whether attention is worth it here: the difference of ${points} may be chance (${interval}).`;
  if (!onPar)
    return `The model with attention ${difference < 0 ? "saves" : "costs"} ${points} here (${interval}), but the budgets differ: this does not say whether attention is worth it.`;
  return difference < 0
    ? `Attention is worth it here: it saves ${points} (${interval}).`
    : `Attention is not worth it here: it costs ${points} (${interval}).`;
}

/** Refuses measurements of different words: the words themselves are compared, in their order, with their pronunciations. */
function checkWords(...measurements: readonly [Measurement, Measurement]): void {
  const [first, second] = measurements.map(({ data, split }) => data.split[split]) as [Lexicon, Lexicon];
  if (first === second || lexiconDigest(first) === lexiconDigest(second)) return;
  const named = measurements.map(
    ({ data, split }) => `${data.split[split].entries.length} ${split} words of ${data.facts.name}`,
  );
  throw inputError("compare", "both models must be measured on the same words", named.join(" and "));
}

function sideOf({ folder, card, evaluation }: Measurement): ComparedModel {
  const { score, wordsPerSecond } = evaluation;
  const { parameterCount, epochs, minutes } = card.training;
  const { variant } = card.settings;
  return { folder, variant, wer: score.wer, per: score.per, parameterCount, epochs, minutes, wordsPerSecond };
}

function rowsByLength(none: Measurement, attention: Measurement): readonly LengthRow[] {
  const [first, second] = [none, attention].map(({ evaluation }) => evaluation.score.byLength);
  return lengthBounds.flatMap(([from, to]) => {
    const rate = (rows: typeof first): { readonly words: number; readonly wer: number } => {
      const inside = rows!.filter(({ letterCount }) => letterCount >= from && letterCount <= to);
      const words = inside.reduce((sum, { wordCount }) => sum + wordCount, 0);
      return { words, wer: (100 * inside.reduce((sum, { wrongWordCount }) => sum + wrongWordCount, 0)) / words };
    };
    const { words, wer } = rate(first);
    if (words === 0) return [];
    const letters = to === Infinity ? `${from} and more` : `${from}-${to}`;
    return [{ letters, wordCount: words, noneWer: wer, attentionWer: rate(second).wer }];
  });
}
