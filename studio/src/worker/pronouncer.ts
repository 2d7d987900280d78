// The seam between the studio and the model: all that the app asks of heed.

import { configureWeb, leaves, type NdArray } from "heed";
import type { AlignmentTrace } from "heed/draw";
import {
  checkWord,
  createPronouncer,
  decodePronounceModel,
  pronounceFiles,
  wordLengths,
  type Pronouncer as ModelPronouncer,
  type PronounceModel,
} from "heed/models";
import { fetchBytes } from "./fetch-bytes.ts";
import { runtimeFiles } from "./runtime-files.ts";

/** Where the model computes. */
export type Device = "wasm" | "webgpu";

/** One way to say a word. */
export interface Pronunciation {
  /** ARPABET, for instance `["F", "IY", "B", "IY"]`, with or without stress digits. */
  readonly phonemes: readonly string[];
  /** Log-probability of the whole sequence, natural logarithm. */
  readonly score: number;
  /** Rows are the phonemes, columns the letters of the word. */
  readonly attention: AlignmentTrace;
  /** False where the search stopped at the longest pronunciation allowed. */
  readonly complete: boolean;
}

/** How pronunciations are searched for: `beam` hypotheses are followed, `nbest` at most are returned. */
export interface SearchOptions {
  readonly beam: number;
  readonly nbest: number;
}

/** What the status line says of a model. */
export interface ModelDescription {
  readonly name: string;
  /** The device that was got, which may differ from the one that was asked for. */
  readonly device: Device;
  /** Why it is not the device that was asked for. */
  readonly fallback?: string;
  readonly parameterCount?: number;
}

/** A loaded model. */
export interface Pronouncer {
  /** Every symbol that the model reads. */
  readonly alphabet: readonly string[];
  readonly describe: ModelDescription;
  /**
   * The best pronunciations of a word, best first.
   *
   * @param word - in its normal form, at least one letter, all of the alphabet.
   */
  pronounce(word: string, options: SearchOptions): Promise<readonly Pronunciation[]>;
  /** Gets ready for words of one more length; false when there was none left. */
  prepare(): Promise<boolean>;
}

/** Which model, where it computes, and what it will be asked. */
export interface LoadRequest {
  /** Absolute address of the model's folder, with a slash at its end. */
  readonly baseUrl: string;
  readonly device: Device;
  /** As the model will be asked. */
  readonly search: SearchOptions;
  /** Words to get ready for: the first of them that the model reads is pronounced before it counts as loaded. */
  readonly words: readonly string[];
}

/** How a worker gets its model. */
export type LoadPronouncer = (request: LoadRequest) => Promise<Pronouncer>;

/** Loads the pronounce model. Falls back to "wasm" where the device asked for fails, and `describe` says so. */
export const loadPronouncer: LoadPronouncer = async ({ baseUrl, device, search, words }) => {
  const [config, weights] = await Promise.all([
    fetchBytes(new URL(pronounceFiles.config, baseUrl)),
    fetchBytes(new URL(pronounceFiles.weights, baseUrl)),
  ]);
  const model = decodePronounceModel({ config, weights }, baseUrl.replace(/\/$/, ""));
  const { symbols } = model.letters;
  const readable = (word: string): boolean => "symbols" in checkWord(word, symbols);
  // A model of another script reads none of the words, but one of its own letters.
  const first = [...words, ...symbols].find(readable);
  const letter = symbols.find(readable);
  const warm = (on: Device): Promise<ModelPronouncer> => warmPronouncer(model, on, first, search);
  const started = await warm(device).then(
    (pronouncer) => ({ pronouncer, device }),
    async (error: unknown) => {
      if (device === "wasm") throw error;
      // No adapter, or a driver that fails: the processor answers instead, and the status line says so.
      const fallback = error instanceof Error ? error.message : String(error);
      return { pronouncer: await warm("wasm"), device: "wasm", fallback } as const;
    },
  );
  const { pronouncer, ...where } = started;
  const ready = new Set(first === undefined ? [] : [lengthOf(first)]);
  return {
    alphabet: symbols,
    describe: { name: "pronounce", ...where, parameterCount: countParameters(model) },
    async pronounce(word, options) {
      const found = await pronounceOne(pronouncer, word, options);
      ready.add(lengthOf(word));
      return found;
    },
    async prepare() {
      const next = wordLengths.find((length) => !ready.has(length));
      if (next === undefined || letter === undefined) return false;
      ready.add(next);
      await pronounceOne(pronouncer, letter.repeat(next), search);
      return true;
    },
  };
};

/** Loads the model on a device and pronounces a word, so that a device that cannot is known before the first answer. */
async function warmPronouncer(
  model: PronounceModel,
  device: Device,
  word: string | undefined,
  search: SearchOptions,
): Promise<ModelPronouncer> {
  configureWeb(runtimeFiles[device]);
  const pronouncer = createPronouncer(model, { device });
  if (word !== undefined) await pronounceOne(pronouncer, word, search);
  return pronouncer;
}

async function pronounceOne(
  pronouncer: ModelPronouncer,
  word: string,
  search: SearchOptions,
): Promise<readonly Pronunciation[]> {
  const [result] = await pronouncer.pronounce([word], search);
  if (!result) throw new Error("the model gave no answer");
  if ("error" in result) throw result.error;
  return result.pronunciations;
}

/** The length that a word is padded to. */
function lengthOf(word: string): number {
  return wordLengths.find((length) => [...word].length <= length) ?? Infinity;
}

function countParameters(model: PronounceModel): number {
  return leaves<NdArray>(model.params).reduce((total, [, array]) => total + array.size, 0);
}
