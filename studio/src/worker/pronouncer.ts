// The seam between the studio and the model: all that the app asks of heed.

import type { AlignmentTrace } from "heed/draw";

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
  throw new Error(`No model is built into this studio, so nothing was loaded from ${baseUrl} for ${device}.`);
};
