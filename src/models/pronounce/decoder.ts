// What the pronouncer asks of the network of its model: the one place that knows which network it is.

import { createDecoder, type Decoder, type DecoderOptions } from "../seq2seq/decode.ts";
import type { PronounceModel } from "./model.ts";

/** The most letters that the network of a model can read; Infinity for no limit of its own. */
export function longestSourceOf({ config }: Pick<PronounceModel, "config">): number {
  return config.longestSource ?? Infinity;
}

/** Prepares a model for decoding. */
export function pronounceDecoder(
  { config, params }: Pick<PronounceModel, "config" | "params">,
  options: DecoderOptions = {},
): Decoder {
  return createDecoder(config, params, options);
}
