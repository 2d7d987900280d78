// From a finished training to a model folder: files, scores of those files, card, words seen.

import { existsSync } from "node:fs";
import { access, constants, mkdir, readFile, rm } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { fileError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { leaves } from "../../core/tree.ts";
import { readFileBounded, writeFileAtomic } from "../../files/node.ts";
import { loadPronounceModel, savePronounceModel } from "../../models/pronounce/node.ts";
import { cardFiles, hashModelFiles, sha256, type CardScore, type G2pCard } from "./card.ts";
import { cardText } from "./card-text.ts";
import type { G2pData } from "./data.ts";
import { evaluateG2p } from "./evaluate.ts";
import { fingerprintSize, fingerprintWords } from "./fingerprint.ts";
import type { Lexicon } from "./lexicon.ts";
import { isTransformer, networkSizes, sizeOf, type NetworkSizes } from "./network-sizes.ts";
import type { G2pSettings } from "./settings.ts";
import { shellWord } from "./shell-word.ts";
import { g2pNetwork } from "./network.ts";
import { g2pVocabularies } from "./task.ts";
import { computationVersion, trainingFiles } from "./train.ts";

/** A training that ended, and where its model goes. */
export interface G2pShipment {
  readonly data: G2pData;
  readonly settings: G2pSettings;
  /** The training's folder, with `best.safetensors`. */
  readonly folder: string;
  /** The model folder to write. */
  readonly into: string;
  /** What the training's last event said. */
  readonly done: {
    readonly step: number;
    readonly reason: G2pCard["training"]["reason"];
    readonly seconds: number;
    readonly processorSeconds: number;
    readonly best: { readonly step: number } | null;
  };
  /** Steps of one epoch. */
  readonly stepsPerEpoch: number;
  /** Threads inside one op, as the training used. */
  readonly threads: number;
  /** Score the test words too. Default: only the dev words, so that candidates can be compared by them alone. */
  readonly test?: boolean;
  /** Stops the scoring between two batches; the folder is then left without a card. */
  readonly signal?: AbortSignal;
}

/** Makes the folder of a model if it is missing. @throws HeedError "file" when no files can be written there. */
export async function prepareModelFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw fileError(folder, "the model folder must be writable", got, "Name another one, or change its permissions.");
  }
}

/**
 * Writes the model folder of the best parameters: config.json, model.safetensors (float16), words.bin, README.md and, when
 * all else is there, card.json, which names the other files' hashes. An older card is removed first: at no moment does one
 * stand beside the files of another model. The scores are those of the files as written.
 *
 * @throws HeedError "file" when the training has no best parameters yet, or the folder cannot be written.
 */
export async function shipG2p(shipment: G2pShipment): Promise<G2pCard> {
  const { data, settings, folder, into, done, stepsPerEpoch, threads, test = false, signal } = shipment;
  const { train, dev } = data.split;
  const best = join(folder, trainingFiles.best);
  if (!existsSync(best) || done.best === null)
    throw fileError(best, "a training that was validated at least once is required", "none", "Train on.");
  const network = g2pNetwork(settings, g2pVocabularies(train, dev));
  const trained = network.model(await readFileBounded(best, { maxBytes: 2 ** 31 }), best);
  await prepareModelFolder(into);
  await rm(join(into, cardFiles.card), { force: true });
  await savePronounceModel(into, trained);
  const model = await loadPronounceModel(into);
  const score = async (lexicon: Lexicon): Promise<CardScore> => {
    const { score } = await evaluateG2p(model, lexicon, {
      threads,
      ...(signal === undefined ? {} : { signal }),
    });
    return { wer: score.wer, per: score.per, wordCount: score.wordCount };
  };
  const words = fingerprintWords([...train.entries, ...dev.entries].map(({ word }) => word));
  const card: G2pCard = {
    kind: "pronounce",
    version: 1,
    recipe: "g2p",
    command: trainingCommand(data, settings, { threads, test }),
    date: new Date().toISOString(),
    data: data.facts,
    settings: { ...settings },
    training: {
      reason: done.reason,
      epochs: done.step / stepsPerEpoch,
      steps: done.step,
      bestStep: done.best.step,
      minutes: done.seconds / 60,
      processorMinutes: done.processorSeconds / 60,
      parameterCount: leaves<NdArray>(model.params).reduce((sum, [, array]) => sum + array.size, 0),
    },
    dev: await score(dev),
    test: test ? await score(data.split.test) : null,
    words: { file: cardFiles.words, count: fingerprintSize(words), sha256: sha256(words.packed) },
    files: await hashModelFiles(into),
    machine: {
      platform: `${process.platform}-${process.arch}`,
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      threads,
    },
    versions: await versions(),
  };
  await writeFileAtomic(join(into, cardFiles.words), words.packed);
  await writeFileAtomic(join(into, cardFiles.text), new TextEncoder().encode(cardText(card)));
  const json = `${JSON.stringify(card, null, 2)}\n`;
  await writeFileAtomic(join(into, cardFiles.card), new TextEncoder().encode(json));
  return card;
}

/**
 * The command that trains the same again, from the folder in which the data folder lies: every setting that has an option is
 * written out, so that a default that changes leaves it true. The path to the data is left out, which is nobody's business.
 */
export function trainingCommand(
  { facts }: G2pData,
  settings: G2pSettings,
  { threads, test = false }: Pick<G2pShipment, "threads" | "test">,
): string {
  const { variant, model, epochs, batchSize, rate, dropout, smoothing, weightDecay, seed, patience, hard } = settings;
  const options: Readonly<Record<string, string | number | null | undefined>> = {
    ...(variant === "transformer" ? { model: variant } : { attention: variant }),
    data: facts.kind === "folder" ? shellWord(facts.name) : null,
    limit: facts.limit,
    size: sizeOf(model),
    layers: model.encoderLayers,
    epochs,
    patience,
    batch: batchSize,
    rate,
    dropout,
    smoothing,
    decay: weightDecay,
    seed,
    threads,
    ...(hard && {
      baseline: hard.baseline,
      samples: hard.samples,
      entropy: hard.entropyBonus,
      "semi-sampling": hard.semiSampling,
    }),
  };
  const given = Object.entries(options).filter(([, value]) => value !== null && value !== undefined);
  return [
    "heed train g2p",
    ...given.map(([name, value]) => `--${name} ${value}`),
    ...feedOption(settings),
    ...(test ? ["--test"] : []),
  ].join(" ");
}

/** What names the input feeding, where it is not the variant's usual. */
function feedOption({ variant, model }: G2pSettings): readonly string[] {
  const fed = (sizes: NetworkSizes): boolean | null => (isTransformer(sizes) ? null : sizes.inputFeeding);
  const own = fed(model);
  return own === null || own === fed(networkSizes(variant)) ? [] : [own ? "--feed" : "--no-feed"];
}

async function versions(): Promise<Readonly<Record<string, string>>> {
  const file = new URL("../../../package.json", import.meta.url);
  const { version, dependencies } = JSON.parse(await readFile(file, "utf8")) as {
    readonly version: string;
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  return {
    heed: version,
    "g2p recipe": String(computationVersion),
    node: process.versions.node,
    "onnxruntime-node": dependencies?.["onnxruntime-node"] ?? "?",
  };
}
