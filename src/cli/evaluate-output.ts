// What `heed evaluate g2p` prints: the model's own figures, and the published ones where they are of the same words.

import type { Measurement } from "../recipes/g2p/measure.ts";
import { evidenceMarks, publishedRows, type PublishedRow } from "../recipes/g2p/published.ts";
import { table } from "./table.ts";

/** A measurement and how it was made. */
export interface EvaluationReport {
  readonly measurement: Measurement;
  readonly beam: number;
  /** Whether the words are those of the published tables. */
  readonly published: boolean;
}

/** The report as one record. Rates are in percent. */
export function evaluationJson({ measurement, beam, published }: EvaluationReport): Readonly<Record<string, unknown>> {
  const { card, data, split, overlapCount, evaluation } = measurement;
  const { score, unreadableCount, seconds, wordsPerSecond } = evaluation;
  return {
    data: data.facts.name,
    split,
    beam,
    ...score,
    unreadableCount,
    seconds,
    wordsPerSecond,
    overlap: overlapCount,
    training: {
      minutes: card.training.minutes,
      parameterCount: card.training.parameterCount,
      variant: card.settings.variant,
    },
    published: published ? publishedRows : null,
  };
}

/** The report as text. */
export function evaluationText({ measurement, beam, published }: EvaluationReport): string {
  const { card, data, split, evaluation } = measurement;
  const { score, unreadableCount, wordsPerSecond } = evaluation;
  const lines = [
    `WER ${score.wer.toFixed(2)} %  PER ${score.per.toFixed(2)} %  ${split} words of ${data.facts.name}: ${score.wrongWordCount} of ${score.wordCount} wrong`,
    `${beam === 1 ? "greedy" : `beam ${beam}`}, ${Math.round(wordsPerSecond)} words/s; ${variantText(card.settings.variant)}, ${card.training.parameterCount} parameters, trained ${card.training.minutes.toFixed(0)} minutes`,
    split === "dev"
      ? "The dev words chose the model."
      : "No test word is among those the model was trained on or chosen by.",
  ];
  if (unreadableCount > 0)
    lines.push(`${unreadableCount} words have letters that the model has never met; they count as wrong.`);
  if (published) lines.push("", publishedText(score, variantText(card.settings.variant)));
  else if (split === "test")
    lines.push(
      "Published figures are of the g014b2b words (12,000, without stress); rates on other words do not compare.",
    );
  return lines.join("\n");
}

function publishedText(score: { readonly wer: number; readonly per: number }, variant: string): string {
  const rows = publishedRows.map((row) => [
    row.system,
    figure(row.per, row),
    figure(row.wer, row),
    String(row.year),
    noteOf(row),
  ]);
  const own = [`this model: ${variant}`, score.per.toFixed(2), score.wer.toFixed(2), "", "measured now"];
  const marks = Object.values(evidenceMarks)
    .filter(({ mark }) => mark !== "")
    .map(({ mark, meaning }) => `${mark} ${meaning}`);
  return [
    table([["system", "PER", "WER", "year", "source"], own, ...rows], [1, 2]),
    "",
    `${marks.join("; ")}; no mark: ${evidenceMarks.source.meaning}. Runs of one system differ by up to about 1 point of WER.`,
  ].join("\n");
}

function figure(value: number | null, { evidence }: PublishedRow): string {
  // A place for the mark, also where there is none, keeps the points below each other.
  return value === null ? "" : `${value.toFixed(2)}${evidenceMarks[evidence].mark || " "}`;
}

function noteOf({ source, note }: PublishedRow): string {
  return note === undefined ? source : `${source}; ${note}`;
}

function variantText(variant: "none" | "additive" | "dot"): string {
  return variant === "none" ? "no attention" : `${variant} attention`;
}
