// What `heed compare g2p` prints: one row a model, their errors by word length, and the verdicts.

import type { Against, ComparedModel, Comparison } from "../recipes/g2p/compare.ts";
import { grouped } from "./grouped.ts";
import { table } from "./table.ts";

/** The comparison as text. */
export function comparisonText({ data, split, wordCount, models, byLength }: Comparison): string {
  const columns: readonly (readonly [head: string, value: (model: ComparedModel) => string])[] = [
    ["WER", ({ wer }) => `${wer.toFixed(2)} %`],
    ["PER", ({ per }) => `${per.toFixed(2)} %`],
    ["parameters", ({ parameterCount }) => grouped(parameterCount)],
    ["epochs", ({ epochs }) => String(Math.round(epochs * 10) / 10)],
    ["minutes", ({ minutes }) => minutes.toFixed(1)],
    ["core-minutes", ({ processorMinutes }) => processorMinutes?.toFixed(1) ?? ""],
    ["words/s", ({ wordsPerSecond }) => String(Math.round(wordsPerSecond))],
    ["against the first", ({ against }) => differenceText(against)],
    ["newly wrong / right", ({ against }) => (against ? countsText(against) : "")],
  ];
  const right = columns.map((_, i) => i + 1);
  const figures = table(
    [
      [`${grouped(wordCount)} ${split} words of ${data}`, ...columns.map(([head]) => head)],
      ...models.map((model) => [model.name, ...columns.map(([, value]) => value(model))]),
    ],
    right,
  );
  const lengths = table(
    [
      ["WER by letters", ...byLength.map(({ letters }) => letters)],
      ["words", ...byLength.map((row) => grouped(row.wordCount))],
      ...models.map(({ name }, i) => [name, ...byLength.map(({ wer }) => `${wer[i]!.toFixed(2)} %`)]),
    ],
    byLength.map((_, i) => i + 1),
  );
  const compared = models.flatMap(({ against }) => against ?? []);
  const notes = [
    ...(split === "dev" ? ["The dev words chose each model: these figures flatter all of them."] : []),
    ...(compared.every(({ sameBudget }) => sameBudget)
      ? []
      : ["Budgets differ in words, steps, epochs or parameters; train under one."]),
    "Intervals are over the choice of words; another seed may differ by about 1 point as well.",
  ];
  return [figures, "", lengths, "", ...compared.map(({ verdict }) => verdict), ...notes].join("\n");
}

function differenceText(against: Against | null): string {
  if (!against) return "";
  const signed = (points: number): string => `${points < 0 ? "-" : "+"}${Math.abs(points).toFixed(2)}`;
  const { difference, low, high } = against.test;
  return `${signed(difference)} (${signed(low)} to ${signed(high)})`;
}

function countsText({ test }: Against): string {
  return `${test.onlySecondWrong} / ${test.onlyFirstWrong}`;
}
