// A trained Transformer as files: config.json beside model.safetensors.

import type { NdArray } from "../../core/ndarray.ts";
import { decodeParameters, encodeParameters, type StorageOptions } from "../parameter-file.ts";
import type { TransformerConfig } from "./config.ts";
import { initTransformer, type TransformerParams } from "./model.ts";

/** The version of the files; others are refused. */
export const transformerVersion = 1;

const file = { kind: "transformer", version: transformerVersion } as const;

/** Parameters as a safetensors file; names are the dotted paths. float16 halves the file; it computes in float32 all the same. */
export function encodeTransformer(params: TransformerParams<NdArray>, options: StorageOptions = {}): Uint8Array {
  return encodeParameters(params, file, options);
}

/**
 * Parameters from a safetensors file, as float32.
 *
 * @param where - the file's name, for messages.
 * @throws HeedError (code `file`) naming file, tensor and reason: another kind or version, a tensor missing, unknown, of
 *   another shape or dtype, or with a value that is not finite; (code `option`) for a configuration that no network can have.
 */
export function decodeTransformer(
  config: TransformerConfig,
  bytes: Uint8Array,
  where: string,
): TransformerParams<NdArray> {
  return decodeParameters((rng) => initTransformer(config, rng), bytes, where, file);
}
