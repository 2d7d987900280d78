// Models beside a first one: figures, errors by word length, and verdicts that chance has been kept out of.

import { inputError } from "../../core/errors.ts";
import type { G2pCard } from "./card.ts";
import type { Lexicon } from "./lexicon.ts";
import type { HeldOut, Measurement } from "./measure.ts";
import { lexiconDigest } from "./lexicon-digest.ts";
import { modelNames } from "./model-names.ts";
import { pairedTest, type PairedTest } from "./significance.ts";
import type { G2pVariant } from "./variants.ts";

/** One model of the comparison. Rates are in percent. */
export type ComparedModel = {
  /** Unlike that of every other model here. */
  readonly name: string;
  readonly folder: string;
  readonly variant: G2pVariant;
  readonly wer: number;
  readonly per: number;
  readonly parameterCount: number;
  readonly epochs: number;
  readonly minutes: number;
  /** Processor time of the training; null on cards that lack it. */
  readonly processorMinutes: number | null;
  readonly wordsPerSecond: number;
  /** How it stands to the first model; null for that one. */
  readonly against: Against | null;
};

/** A model beside the first. */
export type Against = {
  /** A negative difference speaks for this model. */
  readonly test: PairedTest;
  /** Whether both had the same words to learn, steps, epochs and, within 10 %, parameters. */
  readonly sameBudget: boolean;
  readonly verdict: string;
};

/** Error rates over words of some lengths. */
export type LengthRow = {
  /** Letters, for instance `7-8`. */
  readonly letters: string;
  readonly wordCount: number;
  /** In the order of the models, in percent. */
  readonly wer: readonly number[];
};

/** The comparison. */
export type Comparison = {
  readonly data: string;
  readonly split: HeldOut;
  readonly wordCount: number;
  /** The first is what the others are held against. */
  readonly models: readonly ComparedModel[];
  readonly byLength: readonly LengthRow[];
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
 * Compares measurements on the same words, each with the first.
 *
 * @throws HeedError "input" for fewer than two, and when they are not of the same words.
 */
export function compareMeasurements(measurements: readonly Measurement[]): Comparison {
  const [first, ...others] = measurements;
  if (!first || others.length === 0)
    throw inputError("compare", "at least two models are required", String(measurements.length));
  others.forEach((other) => checkWords(first, other));
  const names = modelNames(measurements);
  return {
    data: first.data.facts.name,
    split: first.split,
    wordCount: first.evaluation.wrong.length,
    models: measurements.map((measurement, i) => ({
      name: names[i]!,
      ...figuresOf(measurement),
      against: i === 0 ? null : againstOf(first, measurement, { first: names[0]!, second: names[i]! }),
    })),
    byLength: rowsByLength(measurements),
  };
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

/**
 * The sentence that answers whether the second is worth it; without a common budget it only says what was measured.
 *
 * @param names - of both models; the first is null for one without attention, which is what the question is about then.
 */
export function verdictOf(
  { difference, low, high, pValue }: PairedTest,
  onPar: boolean,
  { first, second }: { readonly first: string | null; readonly second: string },
): string {
  const points = `${Math.abs(difference).toFixed(2)} points of WER`;
  const interval = `95 % interval ${low.toFixed(2)} to ${high.toFixed(2)}, p ${pValue < 0.0001 ? "< 0.0001" : `= ${pValue.toFixed(4)}`}`;
  const subject = first === null ? "attention" : second;
  const where = first === null ? "here" : `here instead of ${first}`;
  if (pValue >= significance)
    return `These words do not show whether ${subject} is worth it ${where}: the difference of ${points} may be chance (${interval}).`;
  const better = difference < 0;
  if (!onPar)
    return `${capital(first === null ? "the model with attention" : second)} ${better ? "saves" : "costs"} ${points} ${where} (${interval}), but the budgets differ: this does not say whether ${subject} is worth it.`;
  return `${capital(subject)} is ${better ? "" : "not "}worth it ${where}: it ${better ? "saves" : "costs"} ${points} (${interval}).`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Refuses measurements of different words: the words themselves are compared, in their order, with their pronunciations. */
function checkWords(...measurements: readonly [Measurement, Measurement]): void {
  const [first, second] = measurements.map(({ data, split }) => data.split[split]) as [Lexicon, Lexicon];
  if (first === second || lexiconDigest(first) === lexiconDigest(second)) return;
  const named = measurements.map(
    ({ data, split }) => `${data.split[split].entries.length} ${split} words of ${data.facts.name}`,
  );
  throw inputError("compare", "all models must be measured on the same words", named.join(" and "));
}

function againstOf(
  first: Measurement,
  second: Measurement,
  names: { readonly first: string; readonly second: string },
): Against {
  const test = pairedTest(first.evaluation.wrong, second.evaluation.wrong);
  const onPar = sameBudget(first.card, second.card);
  const bare = first.card.settings.variant === "none" && second.card.settings.variant !== "none";
  return { test, sameBudget: onPar, verdict: verdictOf(test, onPar, { ...names, first: bare ? null : names.first }) };
}

function figuresOf({ folder, card, evaluation }: Measurement): Omit<ComparedModel, "name" | "against"> {
  const { score, wordsPerSecond } = evaluation;
  const { parameterCount, epochs, minutes, processorMinutes = null } = card.training;
  return {
    folder,
    variant: card.settings.variant,
    wer: score.wer,
    per: score.per,
    parameterCount,
    epochs,
    minutes,
    processorMinutes,
    wordsPerSecond,
  };
}

function rowsByLength(measurements: readonly Measurement[]): readonly LengthRow[] {
  const all = measurements.map(({ evaluation }) => evaluation.score.byLength);
  return lengthBounds.flatMap(([from, to]) => {
    const counts = all.map((rows) => {
      const inside = rows.filter(({ letterCount }) => letterCount >= from && letterCount <= to);
      const sum = (of: (row: (typeof inside)[number]) => number): number => inside.reduce((n, row) => n + of(row), 0);
      return { words: sum(({ wordCount }) => wordCount), wrong: sum(({ wrongWordCount }) => wrongWordCount) };
    });
    const wordCount = counts[0]!.words;
    if (wordCount === 0) return [];
    const letters = to === Infinity ? `${from} and more` : `${from}-${to}`;
    return [{ letters, wordCount, wer: counts.map(({ words, wrong }) => (100 * wrong) / words) }];
  });
}
