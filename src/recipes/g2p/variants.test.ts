// Every attention that the recipe trains: its size, a training of seconds, its model folder, and a resume of hard attention.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { smallWords } from "../../../test/cli-data.ts";
import { zeros, type NdArray } from "../../core/ndarray.ts";
import { foldIn, randomKey, rng } from "../../core/random.ts";
import { leaves } from "../../core/tree.ts";
import { createPronouncer } from "../../models/pronounce/pronouncer.ts";
import { decodePronounceModel, encodePronounceModel, type PronounceModel } from "../../models/pronounce/model.ts";
import { createVocabulary } from "../../text/vocabulary.ts";
import type { TrainEvent } from "../../train/loop/task.ts";
import { adamw } from "../../train/optim/adamw.ts";
import type { G2pData } from "./data.ts";
import { g2pNetwork } from "./network.ts";
import { networkSizes, type NetworkSizes } from "./network-sizes.ts";
import { g2pSettings } from "./settings.ts";
import { g2pTask, g2pVocabularies } from "./task.ts";
import { trainG2p, trainingFiles } from "./train.ts";
import { g2pVariants, recurrentVariants, type G2pVariant } from "./variants.ts";

const sounds: Readonly<Record<string, string>> = { A: "AA", E: "EH", I: "IH", O: "OW", B: "B", D: "D", K: "K", T: "T" };
const entries = smallWords.map((word) => ({ word, pronunciations: [[...word].map((letter) => sounds[letter]!)] }));
const [trainWords, devWords] = [{ entries: entries.slice(0, 96) }, { entries: entries.slice(96, 112) }];
const vocabularies = g2pVocabularies(trainWords, devWords);

/** A network of a variant that takes no time. */
function small(variant: G2pVariant): NetworkSizes {
  const sizes = { ...networkSizes(variant, { size: 8 }), encoderLayers: 1 };
  return "decoderLayers" in sizes ? { ...sizes, decoderLayers: 1 } : sizes;
}

function randomModel(variant: G2pVariant, model: NetworkSizes): PronounceModel {
  const network = g2pNetwork(g2pSettings(variant, { model }), vocabularies);
  return { ...network.withParams(network.init(rng(2))), ...vocabularies };
}

test("all attentions have the same number of parameters within 10 %", () => {
  const alphabets = {
    letters: createVocabulary([..."'ABCDEFGHIJKLMNOPQRSTUVWXYZ"]),
    phonemes: createVocabulary(Array.from({ length: 39 }, (_, i) => `P${i}`)),
  };
  const sizeOf = (variant: G2pVariant, feed?: boolean): number => {
    const settings = g2pSettings(variant, { model: networkSizes(variant, { feed }) });
    const params = g2pNetwork(settings, alphabets).init({
      uniform: (shape) => zeros(shape),
      normal: (shape) => zeros(shape),
      integer: () => 0,
    });
    return leaves<NdArray>(params).reduce((sum, [, array]) => sum + array.size, 0);
  };
  const counts = recurrentVariants.map((variant) => [variant, sizeOf(variant)] as const);
  const others = [
    ["additive without feeding", sizeOf("additive", false)],
    ["transformer", sizeOf("transformer")],
  ];
  expect(Object.fromEntries([...counts, ...others])).toMatchInlineSnapshot(`
    {
      "additive": 6712362,
      "additive without feeding": 6486346,
      "dot": 6449706,
      "entmax": 6712362,
      "general": 6711850,
      "hard": 6486346,
      "local-m": 6711850,
      "local-p": 6843178,
      "location": 6482474,
      "marginal": 6486346,
      "monotonic": 6486346,
      "none": 6887434,
      "transformer": 3983914,
    }
  `);
  const numbers = counts.map(([, count]) => count);
  expect(Math.max(...numbers)).toBeLessThan(1.1 * Math.min(...numbers));
});

describe.each(g2pVariants)("%s", (variant) => {
  test("a training of seconds lowers the loss", async () => {
    const settings = g2pSettings(variant, { model: small(variant), batchSize: 16, dropout: 0.1 });
    const task = g2pTask(settings, trainWords, devWords, vocabularies, { threads: 1 });
    const optimizer = adamw();
    const state = optimizer.init(task.params);
    const losses: number[] = [];
    try {
      for (let epoch = 0; epoch < 8; epoch++)
        for (const batch of task.batches(epoch)) {
          const { loss, grads } = await task.step(task.params, batch, foldIn(randomKey(1), losses.length));
          losses.push(loss);
          optimizer.updateHost(task.params, grads, state, { rate: 0.02, time: losses.length }, 1);
        }
    } finally {
      await task.dispose();
    }
    const mean = (from: number): number => losses.slice(from, from + 4).reduce((sum, loss) => sum + loss, 0) / 4;
    expect(mean(losses.length - 4)).toBeLessThan(0.75 * mean(0));
  });

  test("its model folder is read again, and pronounces with weights that make sense", async () => {
    const written = encodePronounceModel(randomModel(variant, small(variant)), "float32");
    const pronouncer = createPronouncer(decodePronounceModel(written, "m"));
    try {
      const found = await pronouncer.pronounce(["bada", "tokeb"], { beam: 2, nbest: 2 });
      for (const result of found) {
        if ("error" in result) throw result.error;
        for (const { attention, phonemes } of result.pronunciations) {
          expect(attention.weights).toHaveLength(variant === "none" ? 0 : phonemes.length);
          for (const row of attention.weights) {
            expect(row).toHaveLength(result.word.length);
            if (variant === "hard") expect([...row].sort()).toEqual([...row.slice(1).map(() => 0), 1]);
            else expect(row.reduce((a, b) => a + b, 0)).toBeLessThan(1 + 1e-5);
          }
        }
      }
    } finally {
      await pronouncer.dispose();
    }
  });
});

test("a word beyond the places that location attention knows is refused, and its neighbours are not", async () => {
  const pronouncer = createPronouncer(
    randomModel("location", { ...networkSizes("location", { size: 8 }), longestSource: 5 }),
  );
  try {
    const [good, long] = await pronouncer.pronounce(["badat", "badata"]);
    expect(good).toHaveProperty("pronunciations");
    expect(long).toHaveProperty(
      "error.message",
      'pronounce: a word may have at most 5 letters with this model, got "BADATA" with 6',
    );
  } finally {
    await pronouncer.dispose();
  }
});

describe("hard attention", () => {
  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true });
  });
  const facts = { kind: "folder", name: "small", limit: null, digest: "d" } as const;
  const counts = { trainWordCount: 96, trainPronunciationCount: 96, devWordCount: 16, testWordCount: 0 };
  const data: G2pData = {
    split: { train: trainWords, dev: devWords, test: { entries: [] } },
    facts: { ...facts, ...counts },
    note: null,
  };

  test("stopped and resumed, the baseline goes on: the same bits and the same curves", async () => {
    const hard = { baseline: "average", samples: 1, entropyBonus: 0.01, semiSampling: 0.5 } as const;
    const model = { ...networkSizes("hard", { size: 6 }), encoderLayers: 1 };
    const settings = g2pSettings("hard", { model, batchSize: 16, epochs: 2, hard });
    const run = async (folder: string, stopAt: number, resume = false): Promise<readonly TrainEvent[]> => {
      const stop = new AbortController();
      const events: TrainEvent[] = [];
      for await (const event of trainG2p({ data, settings, folder, resume, threads: 1, signal: stop.signal })) {
        events.push(event);
        if (event.step === stopAt) stop.abort();
      }
      return events;
    };
    const folder = async (): Promise<string> => {
      folders.push(await mkdtemp(join(tmpdir(), "heed-hard-")));
      return folders.at(-1)!;
    };
    const told = (events: readonly TrainEvent[]): unknown =>
      events.flatMap((e) => (e.type === "step" ? [[e.step, e.loss, e.metrics]] : []));
    const [whole, stopped] = [await folder(), await folder()];
    const all = await run(whole, Infinity);
    const parts = [...(await run(stopped, 5)), ...(await run(stopped, Infinity, true))];
    expect(told(parts)).toEqual(told(all));
    expect(await readFile(join(stopped, trainingFiles.best))).toEqual(await readFile(join(whole, trainingFiles.best)));
    const steps = all.flatMap((e) => (e.type === "step" ? [e.metrics!] : []));
    expect(Object.keys(steps[0]!).sort()).toEqual(["advantage", "baseline", "entropy", "nll", "reward"]);
    // The first update is compared with nothing.
    expect(steps[0]!["baseline"]).toBe(0);
    expect(steps[1]!["baseline"]).toBeLessThan(-1);
  });
});
