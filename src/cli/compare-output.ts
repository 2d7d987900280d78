// What `heed compare g2p` prints: two models in two columns, their errors by word length, and the verdict.

import type { ComparedModel, Comparison } from "../recipes/g2p/compare.ts";
import { grouped } from "./grouped.ts";
import { table } from "./table.ts";

/** The comparison as text. */
export function comparisonText(comparison: Comparison): string {
  const { data, wordCount, none, attention, test, byLength, sameBudget, verdict } = comparison;
  const row = (name: string, value: (model: ComparedModel) => string): readonly string[] => [
    name,
    value(none),
    value(attention),
  ];
  const figures = table(
    [
      [`${wordCount} words of ${data}`, "no attention", `${attention.variant} attention`],
      row("WER", ({ wer }) => `${wer.toFixed(2)} %`),
      row("PER", ({ per }) => `${per.toFixed(2)} %`),
      row("parameters", ({ parameterCount }) => grouped(parameterCount)),
      row("epochs", ({ epochs }) => String(Math.round(epochs * 10) / 10)),
      row("minutes of training", ({ minutes }) => minutes.toFixed(1)),
      row("words/s", ({ wordsPerSecond }) => String(Math.round(wordsPerSecond))),
      ["wrong there, right here", String(test.onlySecondWrong), String(test.onlyFirstWrong)],
    ],
    [1, 2],
  );
  const lengths = table(
    [
      ["WER by letters", "words", "no attention", `${attention.variant} attention`],
      ...byLength.map(({ letters, wordCount: words, noneWer, attentionWer }) => [
        letters,
        String(words),
        `${noneWer.toFixed(2)} %`,
        `${attentionWer.toFixed(2)} %`,
      ]),
    ],
    [1, 2, 3],
  );
  const notes = [
    ...(sameBudget ? [] : ["The budgets differ in words, steps, epochs or parameters; train both under one."]),
    "The interval is over the choice of words; another seed may differ by about 1 point as well.",
  ];
  return [figures, "", lengths, "", verdict, ...notes].join("\n");
}
