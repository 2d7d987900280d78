// Configuration of the sequence-to-sequence model, and the check of one that came from a file.

import { cells } from "../../attention/cells.ts";
import { checkOptions, optionError } from "../../core/errors.ts";
import { quoteValue } from "../../files/scanner.ts";

/** Sizes and choices of the network. Everything that decides the shape of its parameters is here. */
export interface Seq2SeqConfig {
  /** Symbols of the source, specials included (0 is padding). */
  readonly sourceCount: number;
  /** Symbols of the target, specials included (0 padding, 1 begin, 2 end). */
  readonly targetCount: number;
  readonly embeddingSize: number;
  /** State size of one direction of the encoder. */
  readonly encoderSize: number;
  readonly encoderLayers: number;
  readonly decoderSize: number;
  /** Size of the attentional vector, from which the output is read and which input feeding hands on. */
  readonly attentionalSize: number;
  /** Which attention the decoder has; `none` leaves it the encoder's final state alone. */
  readonly attention: "none" | keyof typeof cells;
  /** Size of the space in which the additive score compares. */
  readonly alignmentSize: number;
  /** Whether the attentional vector of a step enters the next (Luong et al. 2015, section 3.3). */
  readonly inputFeeding: boolean;
}

const sizes = [
  "sourceCount",
  "targetCount",
  "embeddingSize",
  "encoderSize",
  "encoderLayers",
  "decoderSize",
  "attentionalSize",
  "alignmentSize",
] as const;
// Bounds for what a file may ask: no more than a model of use has, and too little to claim much memory.
const mostUnits = 8192;
const limits: { readonly [key in string]?: number } = { encoderLayers: 16, sourceCount: 65_536, targetCount: 65_536 };
const mechanisms = ["none", ...Object.keys(cells)];
const known = [...sizes, "attention", "inputFeeding"];

/** Refuses a configuration that no network can have. */
export function checkSeq2SeqConfig(where: string, value: unknown): Seq2SeqConfig {
  if (typeof value !== "object" || value === null)
    throw optionError(where, "the configuration must be an object", value === null ? "null" : typeof value);
  const config = value as Record<string, unknown>;
  checkOptions(where, config, known);
  for (const key of sizes) {
    const size = config[key];
    const most = limits[key] ?? mostUnits;
    if (!Number.isInteger(size) || (size as number) < 1 || (size as number) > most)
      throw optionError(where, `${key} must be an integer from 1 to ${most}`, quoteValue(size));
  }
  if (!mechanisms.includes(config["attention"] as never))
    throw optionError(where, `attention must be one of ${mechanisms.join(", ")}`, quoteValue(config["attention"]));
  if (typeof config["inputFeeding"] !== "boolean")
    throw optionError(where, "inputFeeding must be true or false", quoteValue(config["inputFeeding"]));
  const whole = value as Seq2SeqConfig;
  if (whole.attention === "dot" && whole.decoderSize !== 2 * whole.encoderSize)
    throw optionError(
      where,
      "with dot attention decoderSize must be twice encoderSize",
      `${whole.decoderSize} and ${whole.encoderSize}`,
    );
  return whole;
}
