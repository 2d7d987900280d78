// The recipe's data under one name: the built-in dictionary or a folder of the user, whole or cut for a quick trial.

import { basename, resolve } from "node:path";
import { optionError } from "../../core/errors.ts";
import { cmudictNote, loadCmudict } from "./cmudict.ts";
import { folderNote, loadFolder } from "./folder.ts";
import { lexiconFacts, type Lexicon } from "./lexicon.ts";
import { lexiconDigest } from "./lexicon-digest.ts";
import type { LexiconSplit } from "./split.ts";

/** Where words come from, and how many. */
export type G2pDataFacts = {
  readonly kind: "cmudict" | "folder";
  /** For people: the package with its version, or the folder's last name. */
  readonly name: string;
  /** Training words kept, where the data was cut for a trial; null for all. */
  readonly limit: number | null;
  readonly trainWordCount: number;
  readonly trainPronunciationCount: number;
  readonly devWordCount: number;
  readonly testWordCount: number;
  /** SHA-256 over training and dev words with their pronunciations: tells data of one name apart. */
  readonly digest: string;
};

/** Words to train on, to choose the model by, and to measure it with. */
export interface G2pData {
  readonly split: LexiconSplit;
  readonly facts: G2pDataFacts;
  /** One line for people: what was left out, and what no model of this data can get right; null for nothing. */
  readonly note: string | null;
}

/** Words that a trial keeps at least of the dev and the test part. */
const leastHeldOut = 20;

/**
 * Loads the data.
 *
 * @param options.folder - a folder that `loadFolder` reads. Default: the built-in dictionary, `loadCmudict`.
 * @param options.limit - train on this many words, evenly chosen, with a tenth as many (at least 20) dev and test words.
 */
export async function loadG2pData(
  options: { readonly folder?: string; readonly limit?: number } = {},
): Promise<G2pData> {
  const { folder, limit } = options;
  const { split: whole, note } =
    folder === undefined
      ? await loadCmudict().then(({ split, report }) => ({ split, note: cmudictNote(report) }))
      : await loadFolder(folder).then(({ split, report }) => ({ split, note: folderNote(report) }));
  const split = limit === undefined ? whole : cut(whole, limit);
  const train = lexiconFacts(split.train);
  return {
    split,
    facts: {
      kind: folder === undefined ? "cmudict" : "folder",
      name: folder === undefined ? "cmu-pronouncing-dictionary 3.0.0" : basename(resolve(folder)),
      limit: limit ?? null,
      trainWordCount: train.wordCount,
      trainPronunciationCount: train.pronunciationCount,
      devWordCount: split.dev.entries.length,
      testWordCount: split.test.entries.length,
      digest: lexiconDigest(split.train, split.dev),
    },
    note,
  };
}

function cut({ train, dev, test }: LexiconSplit, limit: number): LexiconSplit {
  if (!Number.isInteger(limit) || limit < 1)
    throw optionError("loadG2pData", "limit must be a whole number from 1", String(limit));
  const held = Math.max(leastHeldOut, Math.round(limit / 10));
  return { train: thin(train, limit), dev: thin(dev, held), test: thin(test, held) };
}

/** `count` entries, evenly spaced; all where there are fewer. */
function thin({ entries }: Lexicon, count: number): Lexicon {
  if (entries.length <= count) return { entries };
  return { entries: Array.from({ length: count }, (_, i) => entries[Math.floor((i * entries.length) / count)]!) };
}
