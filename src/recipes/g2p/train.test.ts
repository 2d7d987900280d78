import { expect, test } from "vitest";
import { trainingCommand } from "./ship.ts";
import { g2pSettings } from "./settings.ts";
import { trainingFingerprint } from "./train.ts";
import type { G2pData } from "./data.ts";

const facts = {
  kind: "cmudict",
  name: "cmu-pronouncing-dictionary 3.0.0",
  limit: null,
  trainWordCount: 1,
  trainPronunciationCount: 1,
  devWordCount: 1,
  testWordCount: 1,
  digest: "d1",
} as const;
const none = { entries: [] };
const data: G2pData = { split: { train: none, dev: none, test: none }, facts, note: null };

// Checkpoints carry this text: a change of its form makes every training that is under way impossible to resume.
test("the fingerprint of the recipe's own training", () => {
  expect(trainingFingerprint(data, g2pSettings("additive", { epochs: 8 }))).toBe(
    '{"data":"cmudict","settings":{"variant":"additive","model":{"embeddingSize":96,"encoderSize":256,"encoderLayers":2,"attentionalSize":256,"alignmentSize":256,"inputFeeding":true,"decoderSize":512,"attention":"additive"},"epochs":8,"batchSize":256,"rate":0.0025,"warmup":300,"weightDecay":0.01,"dropout":0.3,"smoothing":0.1,"clip":2,"averageDecay":0.999,"seed":1},"digest":"d1"}',
  );
});

test("the command names what differs from the recipe, and the budget", () => {
  expect(trainingCommand(data, g2pSettings("additive", { epochs: 8 }))).toBe(
    "heed train g2p --variant additive --epochs 8",
  );
  const cut = { ...data, facts: { ...facts, kind: "folder", name: "mine", limit: 50 } as const };
  expect(trainingCommand(cut, g2pSettings("dot", { rate: 0.01, seed: 4 }))).toBe(
    "heed train g2p --variant dot --data mine --limit 50 --epochs 18 --rate 0.01 --seed 4",
  );
  const odd = { ...data, facts: { ...facts, kind: "folder", name: "Anna's words" } as const };
  expect(trainingCommand(odd, g2pSettings("none"), 3)).toBe(
    "heed train g2p --variant none --data 'Anna'\\''s words' --epochs 18 --threads 3",
  );
});
