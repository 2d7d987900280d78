// The card of a trained model: what it was trained on, how, by whom it can be trained again, and how often it is wrong.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { fileError } from "../../core/errors.ts";
import { readFileBounded } from "../../files/node.ts";
import { pronounceFiles } from "../../models/pronounce/model.ts";
import { readFingerprint, type Fingerprint } from "./fingerprint.ts";
import { g2pVariants, type G2pVariant } from "./variants.ts";

/** The names of a model folder's files besides the model's own. */
export const cardFiles = { card: "card.json", words: "words.bin", text: "README.md" } as const;

const count = z.number().int().nonnegative();
const rate = z.number().nonnegative();
const hash = z.string().max(128);
const scoreSchema = z.object({ wer: rate, per: rate, wordCount: count });
const cardSchema = z.object({
  kind: z.literal("pronounce"),
  version: z.literal(1),
  recipe: z.literal("g2p"),
  /** The command that trains it again. */
  command: z.string().max(4096),
  date: z.string().max(64),
  data: z.object({
    kind: z.enum(["cmudict", "folder"]),
    name: z.string().max(4096),
    limit: count.nullable(),
    trainWordCount: count,
    trainPronunciationCount: count,
    devWordCount: count,
    testWordCount: count,
    digest: hash,
  }),
  settings: z.looseObject({ variant: z.enum(g2pVariants), seed: z.number(), epochs: count }),
  training: z.object({
    /** Why it ended. */
    reason: z.enum(["finished", "patience", "aborted"]),
    epochs: rate,
    steps: count,
    /** The step whose averaged parameters were best on the dev words: those of the model. */
    bestStep: count,
    /** Time in the training loop, validation and checkpoints included. */
    minutes: rate,
    /** Processor time of the same, user and system: what counts where the machine had other work. Older cards lack it. */
    processorMinutes: rate.optional(),
    parameterCount: count,
  }),
  /** Error rates in percent of the files as they are, greedy. The dev words chose the model, the test words did not. */
  dev: scoreSchema,
  /** Null where the test words are not scored yet, as they are not while candidates are compared. */
  test: scoreSchema.nullable(),
  /** `words.bin`: the words that the model has seen, training and dev words, as hashes. */
  words: z.object({ file: z.literal(cardFiles.words), count, sha256: hash }),
  /** SHA-256 of the model's own files. */
  files: z.object({ [pronounceFiles.config]: hash, [pronounceFiles.weights]: hash }),
  machine: z.object({
    platform: z.string().max(256),
    processor: z.string().max(256),
    cores: count,
    threads: count,
  }),
  versions: z.record(z.string().max(64), z.string().max(64)),
});

/** Error rates of a card, in percent. */
export type CardScore = { readonly wer: number; readonly per: number; readonly wordCount: number };

/** SHA-256 of a model's own files, by their names. */
export type ModelHashes = { readonly "config.json": string; readonly "model.safetensors": string };

/** A model card. */
export type G2pCard = {
  readonly kind: "pronounce";
  readonly version: 1;
  readonly recipe: "g2p";
  readonly command: string;
  readonly date: string;
  readonly data: {
    readonly kind: "cmudict" | "folder";
    readonly name: string;
    readonly limit: number | null;
    readonly trainWordCount: number;
    readonly trainPronunciationCount: number;
    readonly devWordCount: number;
    readonly testWordCount: number;
    readonly digest: string;
  };
  readonly settings: {
    readonly variant: G2pVariant;
    readonly seed: number;
    readonly epochs: number;
    readonly [name: string]: unknown;
  };
  readonly training: {
    readonly reason: "finished" | "patience" | "aborted";
    readonly epochs: number;
    readonly steps: number;
    readonly bestStep: number;
    readonly minutes: number;
    readonly processorMinutes?: number | undefined;
    readonly parameterCount: number;
  };
  readonly dev: CardScore;
  readonly test: CardScore | null;
  readonly words: { readonly file: "words.bin"; readonly count: number; readonly sha256: string };
  readonly files: ModelHashes;
  readonly machine: {
    readonly platform: string;
    readonly processor: string;
    readonly cores: number;
    readonly threads: number;
  };
  readonly versions: Readonly<Record<string, string>>;
};

/**
 * Reads the card of a model folder and the words that it names.
 *
 * @throws HeedError "file" when one is missing, damaged, or the words are not those of the card.
 */
export async function readG2pCard(folder: string): Promise<{ readonly card: G2pCard; readonly words: Fingerprint }> {
  const file = join(folder, cardFiles.card);
  const card = parseCard(await readFileBounded(file, { maxBytes: 1 << 20 }), file);
  const wordsFile = join(folder, cardFiles.words);
  const packed = await readFileBounded(wordsFile, { maxBytes: 64 << 20 });
  if (sha256(packed) !== card.words.sha256)
    throw fileError(wordsFile, `the words must be those of ${cardFiles.card}`, "another file", "Take both again.");
  return { card, words: readFingerprint(packed, wordsFile) };
}

/** SHA-256 of the model files in a folder. @throws HeedError "file" when one is missing. */
export async function hashModelFiles(folder: string): Promise<ModelHashes> {
  const hashOf = async (name: string): Promise<string> =>
    sha256(await readFileBounded(join(folder, name), { maxBytes: 2 ** 30 }));
  return {
    "config.json": await hashOf(pronounceFiles.config),
    "model.safetensors": await hashOf(pronounceFiles.weights),
  };
}

/** Refuses a model file that is not the card's: its figures would be of another model. @throws HeedError "file" */
export async function checkModelFiles(folder: string, { files }: G2pCard): Promise<void> {
  const found = await hashModelFiles(folder);
  for (const name of Object.keys(found) as (keyof ModelHashes)[])
    if (found[name] !== files[name])
      throw fileError(
        join(folder, name),
        `the file must be that of ${cardFiles.card}`,
        "another file",
        "Take the whole model folder again, or train it again.",
      );
}

/** A card from its file. @throws HeedError "file" naming the place that is wrong. */
export function parseCard(bytes: Uint8Array, file: string): G2pCard {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw fileError(file, "the card must be JSON in UTF-8", cause instanceof Error ? cause.message : String(cause));
  }
  const result = cardSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw fileError(file, "the card must be whole", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}

/** SHA-256 as hexadecimal text. */
export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
