// The configuration of multi-head attention: sizes, and the mechanisms that are passed in.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf, type NdArray } from "../../core/ndarray.ts";
import type { Normalizer } from "../contract.ts";
import type { Mask } from "../masks/mask.ts";
import { window, type WindowOptions } from "../masks/window.ts";
import type { PositionScheme } from "../positions/scheme.ts";
import type { HeadNorm } from "./head-norm.ts";
import { checkTalkingHeads, type TalkingHeads } from "./talking-heads.ts";

/** Sizes of the layer: what decides the shapes of its projections. */
export interface MultiHeadSizes {
  /** N, of the input from which queries are made: the model's size. */
  readonly querySize: number;
  /** K, of the input from which keys are made. Default `querySize`. */
  readonly keySize?: number;
  /** V, of the input from which values are made. Default `keySize`. */
  readonly valueSize?: number;
  /** O, of the output. Default `querySize`. */
  readonly outSize?: number;
  /** H, heads of the queries. */
  readonly headCount: number;
  /** G, heads of keys and values; must divide `headCount`. Default `headCount`; 1 is multi-query attention. */
  readonly keyHeadCount?: number;
  /** D, of a head of queries and keys. Default `querySize / headCount`. */
  readonly headSize?: number;
  /** E, of a head of values. Default `headSize`. */
  readonly valueHeadSize?: number;
  /** Whether the four projections have biases. Default true. */
  readonly bias?: boolean;
}

/** How scores are made of queries and keys. */
export interface MultiHeadScores {
  /** What scores are multiplied by. Default 1 / sqrt(headSize). */
  readonly scale?: number;
  /** Scores become cap · tanh(score / cap), before positions, bias and mask. Default: none. */
  readonly softCap?: number;
  /** A sliding window beside the mask of a call, both ends included. Default: none. */
  readonly window?: WindowOptions;
}

/** Parameters of a mechanism that is passed in, by name. Flat, where a tree would make the layer's type one without an end. */
export type PartParams<T> = { readonly [name: string]: T };

/** Sizes, and the mechanisms that are passed in. */
export interface MultiHeadConfig extends MultiHeadSizes {
  readonly scores?: MultiHeadScores;
  /** How the layer knows where queries and keys stand: `rotary()`, `alibi()`, `relativeBias()`. Default: it does not. */
  readonly positions?: PositionScheme<PartParams<NdArray>>;
  /** Normalisation of every head of queries and keys: `rmsHeadNorm()`, `layerHeadNorm()`. Default: none. */
  readonly qkNorm?: HeadNorm<PartParams<NdArray>>;
  /** From scores to weights, for instance `sinkNormalizer({ headCount })`, `offByOneNormalizer`, `sparsemaxNormalizer`. Default: the softmax. */
  readonly normalizer?: Normalizer<PartParams<NdArray>>;
  /** Heads that are mixed before and after the softmax. Default: each by itself. */
  readonly talkingHeads?: TalkingHeads;
}

const sizeNames = [
  "querySize",
  "keySize",
  "valueSize",
  "outSize",
  "headCount",
  "keyHeadCount",
  "headSize",
  "valueHeadSize",
] as const;
const known = [...sizeNames, "bias", "scores", "positions", "qkNorm", "normalizer", "talkingHeads"];

/** The sizes with their defaults, once the whole configuration is one that a layer can have. @throws HeedError otherwise. */
export function checkMultiHeadConfig(where: string, config: MultiHeadConfig): Required<MultiHeadSizes> {
  if (typeof config !== "object" || config === null)
    throw optionError(where, "the configuration must be an object", kindOf(config));
  checkOptions(where, config, known);
  for (const name of sizeNames) {
    const size: unknown = config[name];
    if (size === undefined && name !== "querySize" && name !== "headCount") continue;
    if (!Number.isSafeInteger(size) || (size as number) < 1)
      throw optionError(
        where,
        `${name} must be an integer >= 1`,
        typeof size === "number" ? String(size) : kindOf(size),
      );
  }
  const { querySize, headCount, keySize = querySize, keyHeadCount = headCount, bias = true } = config;
  if (typeof bias !== "boolean") throw optionError(where, "bias must be true or false", kindOf(bias));
  if (headCount % keyHeadCount !== 0)
    throw optionError(where, "keyHeadCount must divide headCount", `${keyHeadCount} and ${headCount}`);
  const headSize = config.headSize ?? querySize / headCount;
  if (!Number.isInteger(headSize))
    throw optionError(
      where,
      "headCount must divide querySize where headSize is not given",
      `${headCount} heads of ${querySize}`,
    );
  checkMechanisms(where, config);
  const { valueSize = keySize, outSize = querySize, valueHeadSize = headSize } = config;
  return { querySize, keySize, valueSize, outSize, headCount, keyHeadCount, headSize, valueHeadSize, bias };
}

function checkMechanisms(where: string, config: MultiHeadConfig): void {
  const { scores = {} } = config;
  checkOptions(`${where}: scores`, scores, ["scale", "softCap", "window"]);
  const { scale, softCap } = scores;
  if (scale !== undefined && !Number.isFinite(scale))
    throw optionError(where, "scores.scale must be a finite number", String(scale));
  if (softCap !== undefined && !(softCap > 0 && Number.isFinite(softCap)))
    throw optionError(where, "scores.softCap must be a finite number > 0", String(softCap));
  windowOf(config);
  for (const name of ["positions", "qkNorm", "normalizer"] as const)
    if (config[name] !== undefined && typeof config[name]?.init !== "function")
      throw optionError(
        where,
        `${name} must be a mechanism`,
        kindOf(config[name]),
        { positions: "Use rotary().", qkNorm: "Use rmsHeadNorm().", normalizer: "Use sinkNormalizer({ headCount })." }[
          name
        ],
      );
  if (config.talkingHeads !== undefined) checkTalkingHeads(where, config.talkingHeads);
}

/** The window as a mask; null for none. */
export function windowOf({ scores }: MultiHeadConfig): Mask | null {
  return scores?.window === undefined ? null : window(scores.window);
}
