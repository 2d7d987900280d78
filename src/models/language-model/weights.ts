// A trained language model as files: config.json beside model.safetensors.

import type { NdArray } from "../../core/ndarray.ts";
import { decodeParameters, encodeParameters, type StorageOptions } from "../parameter-file.ts";
import type { LanguageModelConfig } from "./config.ts";
import { initLanguageModel, type LanguageModelParams } from "./model.ts";

/** The version of the files; others are refused. */
export const languageModelVersion = 1;

const file = { kind: "language-model", version: languageModelVersion } as const;

/** Parameters as a safetensors file; names are the dotted paths. float16 halves the file; it computes in float32 all the same. */
export function encodeLanguageModel(params: LanguageModelParams<NdArray>, options: StorageOptions = {}): Uint8Array {
  return encodeParameters(params, file, options);
}

/** Parameters from a safetensors file, as float32. @param where - the file's name. @throws HeedError as `decodeTransformer`. */
export function decodeLanguageModel(
  config: LanguageModelConfig,
  bytes: Uint8Array,
  where: string,
): LanguageModelParams<NdArray> {
  return decodeParameters((rng) => initLanguageModel(config, rng), bytes, where, file);
}
