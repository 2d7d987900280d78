// The networks that may pronounce: the one place that tells them apart.

import { optionError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { quoteValue } from "../../files/scanner.ts";
import type { StorageOptions } from "../parameter-file.ts";
import { checkSeq2SeqConfig, type Seq2SeqConfig } from "../seq2seq/config.ts";
import { createDecoder, type Decoder, type DecoderOptions } from "../seq2seq/decode.ts";
import type { Seq2SeqParams } from "../seq2seq/params.ts";
import { decodeSeq2Seq, encodeSeq2Seq } from "../seq2seq/weights.ts";
import { checkTransformerConfig, type TransformerConfig } from "../transformer/config.ts";
import { createTransformerDecoder } from "../transformer/decode.ts";
import type { TransformerParams } from "../transformer/model.ts";
import { decodeTransformer, encodeTransformer } from "../transformer/weights.ts";

/** A network's name and configuration. */
export type NetworkConfig =
  | { readonly network: "recurrent"; readonly config: Seq2SeqConfig }
  | { readonly network: "transformer"; readonly config: TransformerConfig };

/** A network with its parameters. */
export type PronounceNetwork =
  | { readonly network: "recurrent"; readonly config: Seq2SeqConfig; readonly params: Seq2SeqParams<NdArray> }
  | {
      readonly network: "transformer";
      readonly config: TransformerConfig;
      readonly params: TransformerParams<NdArray>;
    };

const networkNames: readonly NetworkConfig["network"][] = ["recurrent", "transformer"];

/** Refuses a name that no network has, and a configuration that it cannot have. @throws HeedError "option" */
export function checkNetwork(where: string, network: unknown, config: unknown): NetworkConfig {
  switch (network) {
    case "recurrent":
      return { network, config: checkSeq2SeqConfig(where, config) };
    case "transformer":
      return { network, config: checkTransformerConfig(where, config) };
    default:
      throw optionError(where, `network must be one of ${networkNames.join(", ")}`, quoteValue(network));
  }
}

/** The parameters as a safetensors file. */
export function encodeNetwork(model: PronounceNetwork, options: StorageOptions): Uint8Array {
  return model.network === "recurrent"
    ? encodeSeq2Seq(model.params, options)
    : encodeTransformer(model.params, options);
}

/** A network with parameters from a safetensors file. @throws HeedError "file" naming file, tensor and reason */
export function decodeNetwork(network: NetworkConfig, bytes: Uint8Array, where: string): PronounceNetwork {
  return network.network === "recurrent"
    ? { ...network, params: decodeSeq2Seq(network.config, bytes, where) }
    : { ...network, params: decodeTransformer(network.config, bytes, where) };
}

/** The most letters that a network can read; Infinity for no limit of its own. */
export function longestSourceOf({ network, config }: NetworkConfig): number {
  return (network === "recurrent" ? config.longestSource : config.positionCount) ?? Infinity;
}

/** Prepares a network for decoding. */
export function pronounceDecoder(model: PronounceNetwork, options: DecoderOptions = {}): Decoder {
  return model.network === "recurrent"
    ? createDecoder(model.config, model.params, options)
    : createTransformerDecoder(model.config, model.params, options);
}
