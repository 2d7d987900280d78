// Scaled dot-product attention over whole sequences: the Transformer's.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions, optionError, shapeError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { mark } from "../../core/ops/control.ts";
import { broadcastTo, expandDims, reshape, transpose } from "../../core/ops/movement.ts";
import { where } from "../../core/ops/select.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { dropout } from "../../nn/dropout.ts";
import { coordinates } from "../masks/coordinates.ts";
import type { EmptyRows } from "../masks/empty-rows.ts";
import type { Mask } from "../masks/mask.ts";
import { attendBlocked } from "./blocked.ts";
import { attendFused } from "./fused.ts";
import { blockSizeOf, chooseLowering, fusedKind, plainBytes, scoreBytes, type Lowering } from "./lowering.ts";
import { attendRows } from "./rows.ts";
import type { RowNormalizer, ScoreMod, ScoreRules } from "./rules.ts";

/** What is attended, and how. Axes: B batch, T queries, S keys, H heads, G heads of keys and values, D head size, E value size. */
export interface AttentionOptions {
  /** float32 (B, T, H, D). */
  readonly query: Tensor;
  /** float32 (B, S, G, D); H must be a multiple of G, and head h of the queries reads head floor(h G / H) of the keys. */
  readonly keys: Tensor;
  /** float32 (B, S, G, E). */
  readonly values: Tensor;
  /** Which pairs may meet. Default: all. */
  readonly mask?: Mask;
  /** What scores are multiplied by. Default 1 / sqrt(D). */
  readonly scale?: number;
  /** Scores become cap · tanh(score / cap), before bias and mask. Default: none. */
  readonly softCap?: number;
  /** A function on scaled scores, before bias and mask. Default: none. */
  readonly scoreMod?: ScoreMod;
  /** What a query gets that may look at nothing. Default `zero`. */
  readonly emptyRows?: Exclude<EmptyRows, "throw">;
  /** Instead of the softmax, for instance `sparsemax`. */
  readonly normalize?: RowNormalizer;
  /** Dropout of weights; `key: null` for none, as while evaluating. Default: none. */
  readonly dropout?: { readonly rate: number; readonly key: Tensor | null };
  /** Whether a NaN or Infinity in a value is kept from the queries that may not look at it. Default false: weights of 0 times NaN are NaN, as in every fused kernel. */
  readonly guard?: boolean;
  /** The name of this attention; the scope is put in front. Default `attention`. */
  readonly site?: string;
  /** How it is computed. Default: by the rule of `chooseLowering`. */
  readonly lowering?: Lowering;
}

const known = [
  "query",
  "keys",
  "values",
  "mask",
  "scale",
  "softCap",
  "scoreMod",
  "emptyRows",
  "normalize",
  "dropout",
  "guard",
  "site",
  "lowering",
] as const;

/**
 * softmax(scale · query keysᵀ + bias) values, for every head; blocked pairs have no weight.
 *
 * Keys and values that the mask blocks for every query, as padding, have no influence, not even as NaN. A key that is
 * blocked for some queries never reaches those. A score of +Infinity, or a NaN at an allowed pair, gives NaN: it is
 * passed on, never hidden. Where the scores are many it is computed in blocks, in memory that grows with T + S.
 *
 * @returns `context`, float32 (B, T, H, E).
 * @throws HeedError when axes disagree, the mask does not fit, or an option is unknown or out of range.
 * Source: Vaswani et al. 2017 (arXiv:1706.03762), eq. 1.
 */
export function attention(options: AttentionOptions): { readonly context: Tensor } {
  checkOptions("attention", options, known);
  const rules = rulesOf(options);
  const { query, keys, values } = repeatHeads(options, withoutPadding(options, rules));
  const facts = { rules, headSize: query.shape[3]!, valueSize: values.shape[3]! };
  const lowering = options.lowering ?? chooseLowering(facts);
  const context = compute(lowering);
  return { context: mark(context, options.site ?? "attention", "context") };

  function compute(way: Lowering): Tensor {
    if (way !== "fused") return inPrimitives(way, rules, [query, keys, values]);
    const kind = fusedKind(facts);
    if (!kind)
      throw optionError(
        "attention",
        "the fused kernels must compute this attention",
        "one that they do not",
        "Leave `lowering` out.",
      );
    const way2 = scoreBytes(rules.sizes) <= plainBytes ? "plain" : "blocked";
    return attendFused([query, keys, values], {
      kind,
      scale: rules.scale,
      inPrimitives: (...operands) => inPrimitives(way2, rules, operands),
    });
  }
}

function inPrimitives(
  way: Exclude<Lowering, "fused">,
  rules: ScoreRules,
  [query, keys, values]: readonly [Tensor, Tensor, Tensor],
): Tensor {
  const heads = (x: Tensor): Tensor => transpose(x, [0, 2, 1, 3]);
  if (way === "blocked")
    return attendBlocked({ query, keys: heads(keys), values: heads(values) }, rules, blockSizeOf(rules.sizes));
  const operands = { query: heads(query), keys: heads(keys), values: heads(values) };
  return heads(attendRows(operands, rules, coordinates(rules.sizes)));
}

/** The options, checked, as rules. */
function rulesOf(options: AttentionOptions): ScoreRules {
  const where = "attention";
  const { query, keys, values, mask = null, softCap = null, emptyRows = "zero", guard = false } = options;
  const { B, T, S, H, G, D } = bindAxes(where, {
    query: [query, "B T H D"],
    keys: [keys, "B S G D"],
    values: [values, "B S G E"],
  });
  if (G === 0 || H % G !== 0)
    throw shapeError(
      where,
      "the heads of the queries must be a multiple of those of the keys",
      `${show(query)} and ${show(keys)}`,
    );
  const scale = options.scale ?? 1 / Math.sqrt(D);
  if (!Number.isFinite(scale)) throw optionError(where, "scale must be a finite number", String(scale));
  if (softCap !== null && !(softCap > 0 && Number.isFinite(softCap)))
    throw optionError(where, "softCap must be a finite number > 0", String(softCap));
  if (emptyRows !== "zero" && emptyRows !== "uniform")
    throw optionError(where, "emptyRows must be zero or uniform", String(emptyRows));
  if (typeof guard !== "boolean") throw optionError(where, "guard must be true or false", kindOf(guard));
  for (const name of ["scoreMod", "normalize"] as const)
    if (options[name] !== undefined && typeof options[name] !== "function")
      throw optionError(where, `${name} must be a function`, kindOf(options[name]));
  const sizes = { batchSize: B, headCount: H, queryLength: T, keyLength: S };
  mask?.check(sizes);
  return {
    sizes,
    scale,
    softCap,
    scoreMod: options.scoreMod ?? null,
    mask,
    emptyRows,
    normalize: options.normalize ?? null,
    drop: dropOf(options),
    guard,
  };
}

function dropOf({ dropout: drop, lowering }: AttentionOptions): ScoreRules["drop"] {
  if (!drop) return null;
  checkOptions("attention.dropout", drop, ["rate", "key"]);
  const { rate, key } = drop;
  if (!(rate >= 0 && rate < 1)) throw optionError("attention", "dropout.rate must lie in 0 <= rate < 1", String(rate));
  if (rate === 0 || !key) return null;
  if (lowering === "blocked")
    throw optionError(
      "attention",
      "weights are not dropped in blocks, for which all their draws would have to be held",
      'lowering "blocked" with dropout',
      "Drop the context instead, or leave `lowering` out.",
    );
  return (weights) => dropout(weights, { rate, key });
}

/** Keys and values with zeros where a key is blocked for every query: a weight of 0 alone would not keep a NaN out. */
function withoutPadding(
  { keys, values }: AttentionOptions,
  { mask, sizes }: ScoreRules,
): { readonly keys: Tensor; readonly values: Tensor } {
  const real = mask?.keys(sizes) ?? null;
  if (!real) return { keys, values };
  const some = expandDims(expandDims(real, -1), -1); // (B, S, 1, 1)
  const cleanKeys = where(some, keys, 0);
  return { keys: cleanKeys, values: values === keys ? cleanKeys : where(some, values, 0) };
}

/** Keys and values with a head for each head of the queries. */
function repeatHeads(
  { query }: AttentionOptions,
  { keys, values }: { readonly keys: Tensor; readonly values: Tensor },
): { readonly query: Tensor; readonly keys: Tensor; readonly values: Tensor } {
  const H = query.shape[2]!;
  const repeated = (x: Tensor): Tensor => {
    const [B, S, G, D] = x.shape as readonly [number, number, number, number];
    return G === H ? x : reshape(broadcastTo(expandDims(x, 3), [B, S, G, H / G, D]), [B, S, H, D]);
  };
  return { query, keys: repeated(keys), values: values === keys ? repeated(keys) : repeated(values) };
}
