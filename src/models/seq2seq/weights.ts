// A trained sequence-to-sequence model as files: config.json beside model.safetensors.

import type { NdArray } from "../../core/ndarray.ts";
import { decodeParameters, encodeParameters, type StorageOptions } from "../parameter-file.ts";
import type { Seq2SeqConfig } from "./config.ts";
import { initSeq2Seq, type Seq2SeqParams } from "./model.ts";

/** The version of the files; others are refused. */
export const seq2seqVersion = 2;

const file = { kind: "seq2seq", version: seq2seqVersion } as const;

/** Parameters as a safetensors file; names are the dotted paths. float16 halves the file; it computes in float32 all the same. */
export function encodeSeq2Seq(params: Seq2SeqParams<NdArray>, options: StorageOptions = {}): Uint8Array {
  return encodeParameters(params, file, options);
}

/**
 * Parameters from a safetensors file, as float32.
 *
 * @param where - the file's name, for messages.
 * @throws HeedError (code `file`) naming file, tensor and reason: another kind or version, a tensor missing, unknown, of
 *   another shape or dtype, or with a value that is not finite.
 */
export function decodeSeq2Seq(config: Seq2SeqConfig, bytes: Uint8Array, where: string): Seq2SeqParams<NdArray> {
  return decodeParameters((rng) => initSeq2Seq(config, rng), bytes, where, file);
}
