// Configuration of the sequence-to-sequence model, and the check of one that came from a file.

import { mechanismNames, type MechanismName } from "../../attention/mechanism-names.ts";
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
  readonly attention: "none" | MechanismName;
  /** Size of the space in which the additive score compares. */
  readonly alignmentSize: number;
  /**
   * Whether the attentional vector of a step enters the next (Luong et al. 2015, section 3.3). Not with `marginal` and
   * `monotonic`, whose decoder must not know the choice of a position that is summed out.
   */
  readonly inputFeeding: boolean;
  /** How far the window of `local-m` and `local-p` reaches to either side, in symbols. With these alone, and required there. */
  readonly reach?: number;
  /** The longest source that `location` attention has parameters for, in symbols. With it alone, and required there. */
  readonly longestSource?: number;
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
const mechanisms = ["none", ...mechanismNames];
/** Members that some mechanisms need and all others must not have. */
const special = { reach: ["local-m", "local-p"], longestSource: ["location"] } as const;
const known = [...sizes, "attention", "inputFeeding", ...Object.keys(special)];

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
  checkMechanism(where, whole);
  return whole;
}

/** What a mechanism asks of the rest. */
function checkMechanism(where: string, config: Seq2SeqConfig): void {
  const { attention, decoderSize, encoderSize, inputFeeding } = config;
  if (attention === "dot" && decoderSize !== 2 * encoderSize)
    throw optionError(
      where,
      "with dot attention decoderSize must be twice encoderSize",
      `${decoderSize} and ${encoderSize}`,
    );
  if (inputFeeding && (attention === "marginal" || attention === "monotonic"))
    throw optionError(
      where,
      `with ${attention} attention inputFeeding must be false`,
      "true",
      "The decoder's state must not depend on a position that is summed out.",
    );
  for (const [key, mechanisms] of Object.entries(special)) {
    const size: unknown = config[key as keyof typeof special];
    const asked = (mechanisms as readonly string[]).includes(attention);
    if (asked && !(Number.isInteger(size) && (size as number) >= 1 && (size as number) <= mostUnits))
      throw optionError(
        where,
        `with ${attention} attention ${key} must be an integer from 1 to ${mostUnits}`,
        quoteValue(size),
      );
    if (!asked && size !== undefined)
      throw optionError(where, `with ${attention} attention there must be no ${key}`, quoteValue(size));
  }
}
