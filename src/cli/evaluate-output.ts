// What `heed evaluate g2p` prints: the model's own figures, and the published ones where they are of the same words.

import { timeText } from "../recipes/g2p/card-text.ts";
import type { Measurement, PublishedMatch } from "../recipes/g2p/measure.ts";
import { evidenceMarks, publishedRows, type PublishedRow } from "../recipes/g2p/published.ts";
import { variantText } from "../recipes/g2p/variants.ts";
import { usualAlpha } from "../models/seq2seq/search.ts";
import { grouped } from "./grouped.ts";
import { table } from "./table.ts";

/** A measurement and how it was made. */
export interface EvaluationReport {
  readonly measurement: Measurement;
  readonly beam: number;
  readonly alpha: number;
  /** How it stands to the published tables; null where the words are not theirs. */
  readonly published: PublishedMatch | null;
}

/** What published rows are marked with where the model learned from other words than their systems did. */
const otherWords = "trained on other words";

/** The report as one record. Rates are in percent. */
export function evaluationJson({
  measurement,
  beam,
  alpha,
  published,
}: EvaluationReport): Readonly<Record<string, unknown>> {
  const { card, data, split, overlapCount, evaluation, permuted } = measurement;
  const { score, unreadableCount, seconds, wordsPerSecond } = evaluation;
  return {
    data: data.facts.name,
    split,
    beam,
    alpha,
    ...score,
    unreadableCount,
    seconds,
    wordsPerSecond,
    overlap: overlapCount,
    permuted: permuted === undefined ? null : { seed: permuted.seed, ...permuted.evaluation.score },
    training: {
      minutes: card.training.minutes,
      processorMinutes: card.training.processorMinutes ?? null,
      parameterCount: card.training.parameterCount,
      variant: card.settings.variant,
    },
    published: published && publishedRows,
    publishedNote: published && !published.sameTraining ? `this model was ${otherWords}` : null,
  };
}

/** The report as text. */
export function evaluationText({ measurement, beam, alpha, published }: EvaluationReport): string {
  const { card, data, split, evaluation, permuted } = measurement;
  const { score, unreadableCount, wordsPerSecond } = evaluation;
  const lines = [
    `WER ${score.wer.toFixed(2)} %  PER ${score.per.toFixed(2)} %  ${split} words of ${data.facts.name}: ${score.wrongWordCount} of ${score.wordCount} wrong`,
    `${searchText(beam, alpha)}, ${Math.round(wordsPerSecond)} words/s; ${variantText(card.settings.variant)}, ${grouped(card.training.parameterCount)} parameters, trained ${timeText(card.training, 0)}`,
    split === "dev"
      ? "The dev words chose the model."
      : "No test word is among those the model was trained on or chosen by.",
  ];
  if (permuted)
    lines.push(
      `WER ${permuted.evaluation.score.wer.toFixed(2)} %  PER ${permuted.evaluation.score.per.toFixed(2)} %  with what attention reads in a random order (seed ${permuted.seed}): the nearer to 100 %, the more of what it says it reads where it looks.`,
    );
  if (unreadableCount > 0)
    lines.push(`${unreadableCount} words have letters that the model has never met; they count as wrong.`);
  if (published) lines.push("", publishedText(score, variantText(card.settings.variant), published));
  else if (split === "test")
    lines.push(
      "Published figures are of the g014b2b words (12,000, without stress); rates on other words do not compare.",
    );
  return lines.join("\n");
}

function publishedText(
  score: { readonly wer: number; readonly per: number },
  variant: string,
  { sameTraining }: PublishedMatch,
): string {
  const rows = publishedRows.map((row) => [
    row.system,
    figure(row.per, row),
    figure(row.wer, row),
    String(row.year),
    noteOf(row),
  ]);
  const own = [
    `this model: ${variant}`,
    score.per.toFixed(2),
    score.wer.toFixed(2),
    "",
    `measured now${sameTraining ? "" : `; ${otherWords}`}`,
  ];
  const marks = Object.values(evidenceMarks)
    .filter(({ mark }) => mark !== "")
    .map(({ mark, meaning }) => `${mark} ${meaning}`);
  return [
    table([["system", "PER", "WER", "year", "source"], own, ...rows], [1, 2]),
    "",
    ...(sameTraining
      ? []
      : [`This model was ${otherWords} than the published systems, so the rows compare data as well.`]),
    `${marks.join("; ")}; no mark: ${evidenceMarks.source.meaning}. Runs of one system differ by up to about 1 point of WER.`,
  ].join("\n");
}

function searchText(beam: number, alpha: number): string {
  if (beam === 1) return "greedy";
  return `beam ${beam}${alpha === usualAlpha ? "" : `, alpha ${alpha}`}`;
}

function figure(value: number | null, { evidence }: PublishedRow): string {
  // A place for the mark, also where there is none, keeps the points below each other.
  return value === null ? "" : `${value.toFixed(2)}${evidenceMarks[evidence].mark || " "}`;
}

function noteOf({ source, note }: PublishedRow): string {
  return note === undefined ? source : `${source}; ${note}`;
}
