// An honest measurement: a model on held-out words, refused where the model has seen them.

import { fileError, inputError } from "../../core/errors.ts";
import type { Device } from "../../engine/runtime.ts";
import { loadPronounceModel } from "../../models/pronounce/node.ts";
import { checkModelFiles, readG2pCard, type G2pCard } from "./card.ts";
import { loadG2pData, type G2pData } from "./data.ts";
import { evaluateG2p, type Evaluation } from "./evaluate.ts";
import { countOverlap } from "./fingerprint.ts";
import { lexiconDigest } from "./lexicon-digest.ts";
import { publishedDigests } from "./published.ts";

/** Which held-out words. */
export type HeldOut = "test" | "dev";

/** A model folder measured. */
export interface Measurement {
  readonly folder: string;
  readonly card: G2pCard;
  readonly data: G2pData;
  readonly split: HeldOut;
  /** Words among those measured that the model has seen: its own dev words, which chose it; else 0. */
  readonly overlapCount: number;
  readonly evaluation: Evaluation;
  /** The same words with what attention reads of each in another order; absent where none was asked for. */
  readonly permuted?: { readonly seed: number; readonly evaluation: Evaluation };
}

/** How a model is measured. */
export interface MeasureOptions {
  /** A data folder, cut as the card says where it holds the card's data. Default: the built-in dictionary, if the card names it. */
  readonly folder?: string;
  /** Default `test`. */
  readonly split?: HeldOut;
  readonly beam?: number;
  readonly alpha?: number;
  readonly device?: Device;
  /** Measure a second time with what attention reads in a random order of this seed, from 0 to 2^31 - 1. Default: once. */
  readonly permute?: number;
  /** Called with the number of words once they are known to be new to the model, before they are pronounced. */
  readonly begin?: (wordCount: number) => void;
  /** Data that is loaded already, instead of `folder`. */
  readonly data?: G2pData;
  /** Stops it between two batches. */
  readonly signal?: AbortSignal;
}

/**
 * Measures a model folder.
 *
 * @throws HeedError "input" with the count where the model was trained on words that it would be measured with;
 *   and where `permute` is given for a model without attention; "file" where the card, its words, a file of the model or the data are missing, damaged or of another.
 */
export async function measureG2p(modelFolder: string, options: MeasureOptions = {}): Promise<Measurement> {
  const { split = "test", beam, alpha, device, permute, signal } = options;
  const { card, words } = await readG2pCard(modelFolder);
  if (permute !== undefined && card.settings.variant === "none")
    throw inputError(
      "evaluate",
      "a model with attention is required, whose states can be permuted",
      "one without",
      "Measure it without --permute.",
    );
  const data = options.data ?? (await dataOf(modelFolder, card, options.folder));
  const lexicon = data.split[split];
  // The dev words of its own training chose the model but did not train it: their score says so, and stands.
  const own = split === "dev" && data.facts.digest === card.data.digest;
  const overlap = countOverlap(
    words,
    lexicon.entries.map(({ word }) => word),
  );
  if (overlap.count > 0 && !own)
    throw inputError(
      "evaluate",
      `the ${split} words of ${data.facts.name} must be new to the model ${modelFolder}`,
      `${overlap.count} of ${lexicon.entries.length} that it was trained on or chosen by, first ${overlap.words.slice(0, 3).join(", ")}`,
      "An error rate over words that were taught would mean nothing; train on this data, or measure with other words.",
    );
  await checkModelFiles(modelFolder, card);
  const model = await loadPronounceModel(modelFolder);
  options.begin?.(lexicon.entries.length);
  const settings = {
    ...(beam === undefined ? {} : { beam }),
    ...(alpha === undefined ? {} : { alpha }),
    ...(device === undefined ? {} : { device }),
    ...(signal === undefined ? {} : { signal }),
  };
  const evaluation = await evaluateG2p(model, lexicon, settings);
  const measured = { folder: modelFolder, card, data, split, overlapCount: overlap.count, evaluation };
  if (permute === undefined) return measured;
  return {
    ...measured,
    permuted: { seed: permute, evaluation: await evaluateG2p(model, lexicon, { ...settings, permute }) },
  };
}

/** How a measurement stands to the published tables (g014b2b). */
export interface PublishedMatch {
  /** Whether the model was trained on the words that the published systems were trained on, dev words included. */
  readonly sameTraining: boolean;
}

/** Whether the measured words are the test words of the published tables, pronunciations included; null where they are not. */
export function matchPublished({
  card,
  data,
  split,
}: Pick<Measurement, "card" | "data" | "split">): PublishedMatch | null {
  if (split !== "test" || lexiconDigest(data.split.test) !== publishedDigests.test) return null;
  return { sameTraining: card.data.digest === publishedDigests.training };
}

async function dataOf(modelFolder: string, card: G2pCard, folder: string | undefined): Promise<G2pData> {
  const { limit, digest } = card.data;
  if (folder !== undefined) {
    // A model of a trial is measured with its trial's words where the folder has them, and with the whole of other data.
    const trial = limit === null ? null : await loadG2pData({ folder, limit });
    return trial?.facts.digest === digest ? trial : await loadG2pData({ folder });
  }
  if (card.data.kind === "folder")
    throw fileError(
      modelFolder,
      "the data of this model must be named",
      `a model trained on the folder ${card.data.name}`,
      "Give the folder with --data.",
    );
  return await loadG2pData(limit === null ? {} : { limit });
}
