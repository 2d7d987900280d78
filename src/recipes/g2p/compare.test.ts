// The comparison on measurements made by hand: the numbers can be counted, and each verdict has its cause.

import { describe, expect, test } from "vitest";
import type { G2pCard } from "./card.ts";
import { compareMeasurements, sameBudget, verdictOf } from "./compare.ts";
import type { Lexicon } from "./lexicon.ts";
import type { Measurement } from "./measure.ts";
import { nearestReference, scorePredictions } from "./score.ts";
import type { PairedTest } from "./significance.ts";

const sound = [["B", "AE"]];
/** 200 words of 3 to 7 letters, all said alike. */
const lexicon: Lexicon = {
  entries: Array.from({ length: 200 }, (_, i) => ({ word: `W${i}`.padEnd(3 + (i % 5), "X"), pronunciations: sound })),
};

type Training = Partial<G2pCard["training"]> & { readonly digest?: string };

function cardOf(variant: "none" | "additive" | "dot", { digest = "d", ...changes }: Training = {}): G2pCard {
  const score = { wer: 1, per: 1, wordCount: 1 };
  const training = {
    reason: "finished",
    epochs: 2,
    steps: 10,
    bestStep: 10,
    minutes: 3,
    parameterCount: 1000,
  } as const;
  return {
    kind: "pronounce",
    version: 1,
    recipe: "g2p",
    command: "",
    date: "",
    data: {
      kind: "folder",
      name: "mine",
      limit: null,
      trainWordCount: 1,
      trainPronunciationCount: 1,
      devWordCount: 1,
      testWordCount: 200,
      digest,
    },
    settings: { variant, seed: 1, epochs: 2 },
    training: { ...training, ...changes },
    dev: score,
    test: null,
    words: { file: "words.bin", count: 1, sha256: "" },
    files: { "config.json": "", "model.safetensors": "" },
    machine: { platform: "", processor: "", cores: 1, threads: 1 },
    versions: {},
  };
}

/** A measurement in which the words that `wrong` names, by their number, are wrong. */
function measured(card: G2pCard, wrong: (i: number) => boolean, words: Lexicon = lexicon): Measurement {
  const predictions = words.entries.map((_, i) => (wrong(i) ? ["B"] : ["B", "AE"]));
  return {
    folder: card.settings.variant,
    card,
    data: { split: { train: { entries: [] }, dev: { entries: [] }, test: words }, facts: card.data, note: null },
    split: "test",
    overlapCount: 0,
    evaluation: {
      score: scorePredictions(words, predictions),
      wrong: words.entries.map((entry, i) => nearestReference(predictions[i]!, entry.pronunciations).distance > 0),
      unreadableCount: 0,
      seconds: 1,
      wordsPerSecond: 200,
    },
  };
}

const chance: PairedTest = { onlyFirstWrong: 5, onlySecondWrong: 4, difference: -0.5, low: -3, high: 2, pValue: 0.6 };
const better: PairedTest = {
  onlyFirstWrong: 40,
  onlySecondWrong: 4,
  difference: -18,
  low: -24,
  high: -12,
  pValue: 1e-8,
};
const bare = { first: null, second: "additive attention" };
const worse: PairedTest = { onlyFirstWrong: 1, onlySecondWrong: 9, difference: 4, low: 1, high: 7, pValue: 0.0215 };

describe("the verdict", () => {
  test("says yes, no, or that the words do not show it", () => {
    expect(verdictOf(better, true, bare)).toBe(
      "Attention is worth it here: it saves 18.00 points of WER (95 % interval -24.00 to -12.00, p < 0.0001).",
    );
    expect(verdictOf(worse, true, bare)).toBe(
      "Attention is not worth it here: it costs 4.00 points of WER (95 % interval 1.00 to 7.00, p = 0.0215).",
    );
    expect(verdictOf(chance, true, bare)).toMatch(
      /^These words do not show whether attention is worth it here: .*0\.50 points/,
    );
  });

  test("is no verdict where the budgets differ", () => {
    expect(verdictOf(better, false, bare)).toBe(
      "The model with attention saves 18.00 points of WER here (95 % interval -24.00 to -12.00, p < 0.0001), " +
        "but the budgets differ: this does not say whether attention is worth it.",
    );
    expect(verdictOf(worse, false, bare)).toMatch(
      /^The model with attention costs 4\.00 points .* but the budgets differ/,
    );
    expect(verdictOf(chance, false, bare)).toBe(verdictOf(chance, true, bare));
  });

  test("names both where the first has attention too", () => {
    const names = { first: "additive attention", second: "hard attention" };
    expect(verdictOf(worse, true, names)).toBe(
      "Hard attention is not worth it here instead of additive attention: it costs 4.00 points of WER (95 % interval 1.00 to 7.00, p = 0.0215).",
    );
    expect(verdictOf(better, false, names)).toMatch(
      /^Hard attention saves .* instead of additive attention .* budgets/,
    );
    expect(verdictOf(chance, true, names)).toMatch(/whether hard attention is worth it here instead of additive/);
  });
});

describe("the budget", () => {
  const none = cardOf("none");
  test.each<readonly [string, Training, boolean]>([
    ["equal", {}, true],
    ["10 % more parameters", { parameterCount: 1100 }, true],
    ["11 % more parameters", { parameterCount: 1110 }, false],
    ["a tenth fewer parameters", { parameterCount: 909 }, false],
    ["more steps", { steps: 11 }, false],
    ["more epochs of fewer steps", { epochs: 3 }, false],
    ["other words", { digest: "e" }, false],
    ["more minutes", { minutes: 9 }, true],
  ])("%s", (_, changes, same) => {
    expect(sameBudget(none, cardOf("additive", changes))).toBe(same);
    expect(sameBudget(cardOf("additive", changes), none)).toBe(same);
  });
});

describe("compareMeasurements", () => {
  test("counts, by length too, and judges", () => {
    const none = measured(cardOf("none"), (i) => i % 4 === 0);
    const attention = measured(cardOf("dot"), (i) => i % 8 === 0);
    const comparison = compareMeasurements([none, attention]);
    expect(comparison).toMatchObject({
      data: "mine",
      split: "test",
      wordCount: 200,
      models: [
        { name: "no attention", wer: 25, minutes: 3, processorMinutes: null, parameterCount: 1000, against: null },
        {
          name: "dot attention",
          wer: 12.5,
          against: { test: { onlyFirstWrong: 25, onlySecondWrong: 0, difference: -12.5 }, sameBudget: true },
        },
      ],
    });
    expect(comparison.byLength).toEqual([
      { letters: "1-4", wordCount: 80, wer: [25, 12.5] },
      { letters: "5-6", wordCount: 80, wer: [25, 12.5] },
      { letters: "7-8", wordCount: 40, wer: [25, 12.5] },
    ]);
    const verdict = (...models: readonly Measurement[]): string =>
      compareMeasurements(models).models.at(-1)!.against!.verdict;
    expect(verdict(none, attention)).toMatch(/^Attention is worth it here: it saves 12\.50 points/);
    expect(verdict(attention, none)).toMatch(
      /^No attention is not worth it here instead of dot attention: it costs 12/,
    );
    const turned = [measured(cardOf("none"), (i) => i % 8 === 0), measured(cardOf("dot"), (i) => i % 4 === 0)];
    expect(verdict(...turned)).toMatch(/^Attention is not worth it here: it costs 12\.50 points/);
    const longer = measured(cardOf("dot", { steps: 20 }), (i) => i % 8 === 0);
    expect(verdict(none, longer)).toMatch(/^The model with attention saves .* but the budgets differ/);
  });

  test("holds each of many against the first, and names them apart", () => {
    const [none, dot] = [measured(cardOf("none"), (i) => i < 40), measured(cardOf("dot"), (i) => i < 20)];
    const feeding = (inputFeeding: boolean, folder: string): Measurement => {
      const card = cardOf("additive");
      return {
        ...measured({ ...card, settings: { ...card.settings, model: { inputFeeding } } }, (i) => i < 10),
        folder,
      };
    };
    const { models } = compareMeasurements([dot, none, feeding(true, "a"), feeding(false, "b"), feeding(false, "c")]);
    expect(models.map(({ name, against }) => [name, against?.test.difference])).toEqual([
      ["dot attention", undefined],
      ["no attention", 10],
      ["additive attention", -5],
      ["additive attention without feeding (b)", -5],
      ["additive attention without feeding (c)", -5],
    ]);
  });

  test("takes the same words read twice, and refuses others, whatever the models were trained on", () => {
    const none = measured(cardOf("none"), () => false);
    const again = measured(cardOf("dot"), () => false, structuredClone(lexicon));
    expect(compareMeasurements([none, again]).wordCount).toBe(200);
    const { entries } = lexicon;
    for (const other of [
      { entries: [...entries].reverse() },
      { entries: entries.map((entry) => ({ ...entry, word: `${entry.word}S` })) },
      { entries: entries.map((entry) => ({ ...entry, pronunciations: [...sound, ["B"]] })) },
      { entries: entries.slice(1) },
    ])
      expect(() => compareMeasurements([none, again, measured(cardOf("dot"), () => false, other)])).toThrow(
        `compare: all models must be measured on the same words, got 200 test words of mine and ${other.entries.length} test words of mine`,
      );
  });

  test("refuses one model", () => {
    const none = measured(cardOf("none"), () => false);
    expect(() => compareMeasurements([none])).toThrow("compare: at least two models are required, got 1");
  });
});
