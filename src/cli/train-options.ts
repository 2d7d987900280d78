// The options that decide a training, shared by the commands that train.

import { join } from "node:path";
import type { G2pDataFacts } from "../recipes/g2p/data.ts";
import type { G2pSettings, G2pVariant } from "../recipes/g2p/settings.ts";
import { path, realNumber, wholeNumber, type CommandOption } from "./command.ts";

/** What the options become. */
export interface TrainFlags {
  readonly data?: string;
  readonly limit?: number;
  readonly size?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly dropout?: number;
  readonly seed?: number;
  readonly threads?: number;
}

/** The options. Defaults are the recipe's. */
export const trainOptions: readonly CommandOption[] = [
  { flags: "--data <dir>", summary: "folder with one *.train and one *.ref file", fallback: "CMUdict", read: path },
  { flags: "--epochs <n>", summary: "passes over the words: the budget", fallback: "12", read: wholeNumber(1, 10_000) },
  { flags: "--batch <n>", summary: "words in a batch", fallback: "256", read: wholeNumber(1, 65_536) },
  { flags: "--rate <x>", summary: "highest learning rate", fallback: "0.002", read: realNumber(1e-12, 100) },
  { flags: "--dropout <x>", summary: "share of activations dropped", fallback: "0.25", read: realNumber(0, 0.95) },
  { flags: "--seed <n>", summary: "decides every random choice", fallback: "1", read: wholeNumber(0, 2 ** 31 - 1) },
  { flags: "--threads <n>", summary: "threads of the runtime", fallback: "one a core", read: wholeNumber(1, 256) },
  { flags: "--limit <n>", summary: "train on so many words, for a quick trial", read: wholeNumber(1, 10_000_000) },
  {
    flags: "--size <n>",
    summary: "state size of an encoder direction; all sizes follow it",
    fallback: "256",
    read: wholeNumber(1, 4096),
  },
];

/** The recipe's settings with what the options change. */
export async function settingsOf(variant: G2pVariant, flags: TrainFlags): Promise<G2pSettings> {
  const { g2pSettings, scaledModel } = await import("../recipes/g2p/settings.ts");
  const { size, epochs, batch, rate, dropout, seed } = flags;
  return g2pSettings(variant, {
    ...(size === undefined ? {} : { model: scaledModel(variant, size) }),
    ...(epochs === undefined ? {} : { epochs }),
    ...(batch === undefined ? {} : { batchSize: batch }),
    ...(rate === undefined ? {} : { rate }),
    ...(dropout === undefined ? {} : { dropout }),
    ...(seed === undefined ? {} : { seed }),
  });
}

/** A folder below .heed that the options name: the same for the same options. */
export function defaultFolder(name: string, facts: G2pDataFacts, { size, limit }: TrainFlags): string {
  const data = facts.kind === "cmudict" ? "cmudict" : facts.name.replaceAll(/[^\w.-]+/g, "-");
  const parts = [
    name,
    data,
    ...(limit === undefined ? [] : [`${limit}w`]),
    ...(size === undefined ? [] : [`s${size}`]),
  ];
  return join(".heed", "train", parts.join("-"));
}
