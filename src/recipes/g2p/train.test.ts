import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { array } from "../../core/ndarray.ts";
import { firstProgress, saveCheckpoint } from "../../train/loop/checkpoint.ts";
import { trainingCommand } from "./ship.ts";
import { networkSizes } from "./network-sizes.ts";
import { g2pSettings } from "./settings.ts";
import { computationVersion, trainG2p, trainingFiles, trainingFingerprint } from "./train.ts";
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
  expect(trainingFingerprint(data, g2pSettings("additive", { epochs: 8 }), 2)).toBe(
    '{"version":2,"data":"cmudict","settings":{"variant":"additive","model":{"embeddingSize":96,"encoderSize":256,"encoderLayers":3,"attentionalSize":256,"alignmentSize":256,"inputFeeding":true,"decoderSize":512,"attention":"additive"},"epochs":8,"batchSize":128,"rate":0.002,"warmup":300,"weightDecay":0.1,"dropout":0.35,"smoothing":0,"clip":2,"averageDecay":0.999,"seed":1},"digest":"d1","threads":2}',
  );
});

test("a training goes on only with the computation, the words and the number of threads it began with", async () => {
  const folder = await mkdtemp(join(tmpdir(), "heed-resume-"));
  const settings = g2pSettings("none");
  const resume = async (begun: string, threads = 2): Promise<string> => {
    await saveCheckpoint(join(folder, trainingFiles.last), { params: array([1]) }, firstProgress, begun);
    const first = trainG2p({ data, settings, folder, resume: true, threads }).next();
    return first.then(
      () => "went on",
      (error: unknown) => (error as Error).message,
    );
  };
  try {
    expect(await resume(trainingFingerprint(data, settings, 1))).toBe(
      `${folder}: a training must go on with as many threads as it began with, 1, got 2. ` +
        "Give --threads 1; with another number sums are rounded otherwise.",
    );
    const other = { ...data, facts: { ...facts, digest: "d2" } };
    expect(await resume(trainingFingerprint(other, settings, 2))).toContain("must go on with the words it began with");
    const older = trainingFingerprint(data, settings, 2).replace(`"version":${computationVersion}`, '"version":0');
    expect(await resume(older)).toBe(
      `${folder}: a training must go on with the computation it began with, version 0, got version ${computationVersion}. ` +
        "Go on with the heed that began it, or train into another folder.",
    );
    for (const foreign of ["", "[]", "null", "3", "parabola"])
      expect(await resume(foreign)).toContain("the computation it began with, version unknown");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the command names every setting that has an option", () => {
  expect(trainingCommand(data, g2pSettings("additive", { epochs: 8 }), { threads: 2 })).toBe(
    "heed train g2p --attention additive --size 256 --layers 3 --epochs 8 --batch 128 --rate 0.002 --dropout 0.35 --smoothing 0 --decay 0.1 --seed 1 --threads 2",
  );
  const cut = { ...data, facts: { ...facts, kind: "folder", name: "mine", limit: 50 } as const };
  const dot = g2pSettings("dot", { rate: 0.01, seed: 4, patience: 900 });
  expect(trainingCommand(cut, dot, { threads: 1, test: true })).toBe(
    "heed train g2p --attention dot --data mine --limit 50 --size 256 --layers 3 --epochs 22 --patience 900 --batch 128 --rate 0.01 --dropout 0.35 --smoothing 0 --decay 0.1 --seed 4 --threads 1 --test",
  );
  const hard = g2pSettings("hard", { model: networkSizes("hard", { feed: true }) });
  expect(trainingCommand(data, hard, { threads: 2 })).toContain(
    " --seed 1 --threads 2 --baseline leave-one-out --samples 4 --entropy 0.01 --semi-sampling 0 --feed",
  );
  expect(trainingCommand(data, g2pSettings("transformer"), { threads: 2 })).toBe(
    "heed train g2p --model transformer --size 256 --layers 3 --epochs 40 --batch 256 --rate 0.001 --dropout 0.1 --smoothing 0.1 --decay 0.1 --seed 1 --threads 2",
  );
  const apart = g2pSettings("additive", { model: networkSizes("additive", { feed: false }) });
  expect(trainingCommand(data, apart, { threads: 2, test: true })).toMatch(/--threads 2 --no-feed --test$/);
  const odd = { ...data, facts: { ...facts, kind: "folder", name: "Anna's words" } as const };
  expect(trainingCommand(odd, g2pSettings("none"), { threads: 3 })).toContain(" --data 'Anna'\\''s words' ");
});
