// The options that decide a training, shared by the commands that train.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { largestSeed } from "../core/random.ts";
import type { G2pDataFacts } from "../recipes/g2p/data.ts";
import { networkSizes, sizeOf } from "../recipes/g2p/network-sizes.ts";
import { g2pSettings, type G2pSettings } from "../recipes/g2p/settings.ts";
import type { G2pVariant } from "../recipes/g2p/variants.ts";
import { checkFeed, hardSettingsOf, type AttentionFlags } from "./attention-options.ts";
import { path, realNumber, wholeNumber, type CommandOption } from "./command.ts";

/** What the options become; those of the attention are for the commands that have them. */
export interface TrainFlags extends AttentionFlags {
  readonly data?: string;
  readonly limit?: number;
  readonly size?: number;
  readonly layers?: number;
  readonly epochs?: number;
  readonly patience?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly dropout?: number;
  readonly smoothing?: number;
  readonly decay?: number;
  readonly seed?: number;
  readonly threads?: number;
}

const recurrent = g2pSettings("additive");
const transformer = g2pSettings("transformer");

/** What holds where nothing is given. */
function usual(key: "epochs" | "batchSize" | "rate" | "dropout" | "smoothing" | "weightDecay" | "seed"): string {
  const [one, other] = [recurrent[key], transformer[key]];
  return one === other ? String(one) : `${one}; transformer ${other}`;
}

/** The options. Defaults are the recipe's. */
export const trainOptions: readonly CommandOption[] = [
  { flags: "--data <dir>", summary: "folder with one *.train and one *.ref file", fallback: "CMUdict", read: path },
  {
    flags: "--epochs <n>",
    summary: "passes over the words: the budget",
    fallback: usual("epochs"),
    read: wholeNumber(1, 10_000),
  },
  {
    flags: "--patience <n>",
    summary: "stop after so many steps without a better dev score",
    fallback: "never",
    read: wholeNumber(1, 1_000_000_000),
  },
  {
    flags: "--batch <n>",
    summary: "words in a batch",
    fallback: usual("batchSize"),
    read: wholeNumber(1, 65_536),
  },
  {
    flags: "--rate <x>",
    summary: "highest learning rate",
    fallback: usual("rate"),
    read: realNumber(1e-12, 100),
  },
  {
    flags: "--dropout <x>",
    summary: "share of activations dropped",
    fallback: usual("dropout"),
    read: realNumber(0, 0.95),
  },
  {
    flags: "--smoothing <x>",
    summary: "label smoothing: share of a target's probability spread over all",
    fallback: usual("smoothing"),
    read: realNumber(0, 0.95),
  },
  {
    flags: "--decay <x>",
    summary: "weight decay: share of a weight taken away a step, times the learning rate",
    fallback: usual("weightDecay"),
    read: realNumber(0, 100),
  },
  {
    flags: "--seed <n>",
    summary: "decides every random choice",
    fallback: usual("seed"),
    read: wholeNumber(0, largestSeed),
  },
  {
    flags: "--threads <n>",
    summary: "threads of the runtime",
    fallback: "one a core, at most 8",
    read: wholeNumber(1, 256),
  },
  { flags: "--limit <n>", summary: "train on so many words, for a quick trial", read: wholeNumber(1, 10_000_000) },
  {
    flags: "--size <n>",
    summary: "state size of an encoder direction, or model size of the Transformer; all sizes follow it",
    fallback: String(sizeOf(recurrent.model)),
    read: wholeNumber(1, 4096),
  },
  {
    flags: "--layers <n>",
    summary: "layers of the encoder, and of the Transformer's decoder",
    fallback: String(recurrent.model.encoderLayers),
    read: wholeNumber(1, 16),
  },
];

/** The recipe's settings with what the options change. @throws UsageError for options that do not go together. */
export function settingsOf(variant: G2pVariant, flags: TrainFlags): G2pSettings {
  const { size, layers, feed, epochs, patience, batch, rate, dropout, smoothing, decay, seed } = flags;
  checkFeed(variant, flags);
  return g2pSettings(variant, {
    model: networkSizes(variant, { size, layers, feed }),
    ...hardSettingsOf(variant, flags),
    ...(epochs === undefined ? {} : { epochs }),
    ...(patience === undefined ? {} : { patience }),
    ...(batch === undefined ? {} : { batchSize: batch }),
    ...(rate === undefined ? {} : { rate }),
    ...(dropout === undefined ? {} : { dropout }),
    ...(smoothing === undefined ? {} : { smoothing }),
    ...(decay === undefined ? {} : { weightDecay: decay }),
    ...(seed === undefined ? {} : { seed }),
  });
}

/** A folder below .heed that the options name: the same for the same options. */
export function defaultFolder(name: string, facts: G2pDataFacts, { size, layers, limit, feed }: TrainFlags): string {
  const data = facts.kind === "cmudict" ? "cmudict" : folderWord(facts.name);
  const parts = [
    name,
    data,
    ...(limit === undefined ? [] : [`${limit}w`]),
    ...(size === undefined ? [] : [`s${size}`]),
    ...(layers === undefined ? [] : [`l${layers}`]),
    ...(feed === undefined ? [] : [feed ? "feed" : "nofeed"]),
  ];
  return join(".heed", "train", parts.join("-"));
}

/** A name as a part of a folder's name: letters and digits of every script stay; a hash keeps apart what the rest told apart. */
function folderWord(name: string): string {
  const word = name.replaceAll(/[^\p{L}\p{N}\p{M}_.-]+/gu, "-");
  return word === name ? word : `${word}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}
