// The seam between the studio and the model: all that the app asks of heed.

import { configureWeb, leaves, type NdArray } from "heed";
import type { AlignmentTrace } from "heed/draw";
import {
  createPronouncer,
  decodePronounceModel,
  pronounceFiles,
  type Pronouncer as ModelPronouncer,
  type PronounceModel,
} from "heed/models";
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
}

/** What the status line says of a model. */
export interface ModelDescription {
  readonly name: string;
  /** The device that was got, which may differ from the one that was asked for. */
  readonly device: Device;
  readonly parameterCount?: number;
}

/** A loaded model. */
export interface Pronouncer {
  /** Every character that the model reads, in any order. */
  readonly alphabet: string;
  readonly describe: ModelDescription;
  /**
   * The best pronunciations of a word, best first.
   *
   * @param word - at least one character, all of the alphabet.
   * @param options - `beam` hypotheses are followed, `nbest` at most are returned.
   */
  pronounce(
    word: string,
    options: { readonly beam: number; readonly nbest: number },
  ): Promise<readonly Pronunciation[]>;
}

/** How a worker gets its model. */
export type LoadPronouncer = (baseUrl: string, device: Device) => Promise<Pronouncer>;

/**
 * Loads the pronounce model.
 *
 * @param baseUrl - absolute address of the model's folder, with a slash at its end.
 * @param device - where to compute. Falls back to "wasm", and `describe.device` says so.
 */
export const loadPronouncer: LoadPronouncer = async (baseUrl, device) => {
  const [config, weights] = await Promise.all([
    fetchBytes(new URL(pronounceFiles.config, baseUrl)),
    fetchBytes(new URL(pronounceFiles.weights, baseUrl)),
  ]);
  const model = decodePronounceModel({ config, weights }, baseUrl.replace(/\/$/, ""));
  const first = await warm(model, device).catch((error: unknown) => {
    if (device === "wasm") throw error;
    // No adapter, or a driver that fails: the processor answers instead, and the status line says so.
    return warm(model, "wasm");
  });
  return {
    alphabet: first.pronouncer.alphabet.join(""),
    describe: { name: "pronounce", device: first.device, parameterCount: countParameters(model) },
    async pronounce(word, options) {
      const [result] = await first.pronouncer.pronounce([word], options);
      if (!result) throw new Error("the model gave no answer");
      if ("error" in result) throw result.error;
      return result.pronunciations;
    },
  };
};

/** Loads the model on a device and pronounces once, so that a device that cannot is known before the first word. */
async function warm(
  model: PronounceModel,
  device: Device,
): Promise<{ readonly pronouncer: ModelPronouncer; readonly device: Device }> {
  configureWeb(runtimeFiles[device]);
  const pronouncer = createPronouncer(model, { device });
  const [result] = await pronouncer.pronounce([model.letters.symbols[0] ?? "A"], { beam: 5, nbest: 5 });
  if (result && "error" in result) throw result.error;
  return { pronouncer, device };
}

async function fetchBytes(url: URL): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} could not be loaded: the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function countParameters(model: PronounceModel): number {
  return leaves<NdArray>(model.params).reduce((total, [, array]) => total + array.size, 0);
}
