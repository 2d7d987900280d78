// From the options of an attention to its operands and rules, checked.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions, dtypeError, optionError, shapeError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { checkTensor } from "../../core/op.ts";
import { mul } from "../../core/ops/binary.ts";
import { broadcastTo, expandDims, reshape } from "../../core/ops/movement.ts";
import { where } from "../../core/ops/select.ts";
import { fill } from "../../core/ops/source.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { dropout } from "../../nn/dropout.ts";
import type { Mask, MaskSizes } from "../masks/mask.ts";
import { requireMask } from "../masks/require-mask.ts";
import { lowerings } from "./lowering.ts";
import type { AttentionOptions } from "./options.ts";
import type { ScoreRules } from "./rules.ts";

/** Queries (B, T, H, D), keys (B, S, H, D), values (B, S, H, E): time first, as callers have them. */
export interface Sequences {
  readonly query: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  /** Keys and values before `withoutPadding`, for what never reads padding. Absent where it left them as they were. */
  readonly uncleared?: KeysAndValues;
}

type KeysAndValues = { readonly keys: Tensor; readonly values: Tensor };

/**
 * The sizes of sequences whose axes agree, and D of query (B, T, H, D), keys (B, S, G, D) and values (B, S, G, E), where G
 * divides H, under a mask that fits.
 */
export function sizesOf(
  where: string,
  { query, keys, values }: Sequences,
  mask: Mask | null | undefined,
): { readonly sizes: MaskSizes; readonly D: number } {
  for (const [name, x] of Object.entries({ query, keys, values })) checkTensor(where, name, x);
  const { B, T, S, H, G, D } = bindAxes(where, {
    query: [query, "B T H D"],
    keys: [keys, "B S G D"],
    values: [values, "B S G E"],
  });
  for (const [name, x] of Object.entries({ query, keys, values }))
    if (x.dtype !== "float32")
      throw dtypeError(where, `${name} must be float32`, show(x), 'cast(x, "float32") makes it so.');
  if (G === 0 || H % G !== 0)
    throw shapeError(
      where,
      "the heads of the queries must be a multiple of those of the keys",
      `${show(query)} and ${show(keys)}`,
    );
  const sizes = { batchSize: B, headCount: H, queryLength: T, keyLength: S };
  if (mask !== null && mask !== undefined) {
    requireMask(where, "mask", mask);
    mask.check(sizes);
  }
  return { sizes, D };
}

/** The options, checked, as rules. */
export function rulesOf(options: AttentionOptions): ScoreRules {
  const where = "attention";
  const { query, keys, values, mask = null, softCap = null, emptyRows = "zero", guard = false } = options;
  const { sizes, D } = sizesOf(where, { query, keys, values }, mask);
  const scale = options.scale ?? 1 / Math.sqrt(D);
  if (!Number.isFinite(scale)) throw optionError(where, "scale must be a finite number", String(scale));
  if (softCap !== null && !(softCap > 0 && Number.isFinite(softCap)))
    throw optionError(where, "softCap must be a finite number > 0", String(softCap));
  if (emptyRows !== "zero" && emptyRows !== "uniform" && emptyRows !== "throw")
    throw optionError(where, "emptyRows must be zero, uniform or throw", String(emptyRows));
  if (options.lowering !== undefined && !lowerings.includes(options.lowering))
    throw optionError(where, `lowering must be among ${lowerings.join(", ")}`, String(options.lowering));
  if (typeof guard !== "boolean") throw optionError(where, "guard must be true or false", kindOf(guard));
  for (const name of ["scoreMod", "normalize"] as const)
    if (options[name] !== undefined && typeof options[name] !== "function")
      throw optionError(where, `${name} must be a function`, kindOf(options[name]));
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
    alterations: [],
  };
}

function dropOf({ dropout: drop, lowering }: AttentionOptions): ScoreRules["drop"] {
  if (!drop) return null;
  checkOptions("attention.dropout", drop, ["rate", "key"]);
  const { rate, key } = drop;
  if (!(rate >= 0 && rate < 1)) throw optionError("attention", "dropout.rate must lie in 0 <= rate < 1", String(rate));
  if (key === undefined)
    throw optionError("attention", "dropout.key must be a random key, or null while evaluating", "undefined");
  if (rate === 0 || !key) return null;
  if (lowering === "blocked")
    throw optionError(
      "attention",
      "weights are not dropped in blocks, for which all their draws would have to be held",
      'lowering "blocked" with dropout',
      "Drop the context instead, or leave `lowering` out.",
    );
  // One draw, however often the weights are made: to look at them is not to draw again.
  let kept: Tensor | null = null;
  return (weights) => mul(weights, (kept ??= dropout(fill(weights.shape, 1), { rate, key })));
}

/** Keys and values with zeros where a key is blocked for every query: a weight of 0 alone would not keep a NaN out. */
export function withoutPadding({ keys, values }: KeysAndValues, { mask, sizes }: ScoreRules): Omit<Sequences, "query"> {
  const real = mask?.keys(sizes) ?? null;
  if (!real) return { keys, values };
  const some = expandDims(expandDims(real, -1), -1); // (B, S, 1, 1)
  const cleanKeys = where(some, keys, 0);
  const cleanValues = values === keys ? cleanKeys : where(some, values, 0);
  return { keys: cleanKeys, values: cleanValues, uncleared: { keys, values } };
}

/** Keys and values with a head for each head of the queries. */
export function repeatHeads(query: Tensor, { uncleared, ...cleared }: Omit<Sequences, "query">): Sequences {
  const H = query.shape[2]!;
  const repeated = (x: Tensor): Tensor => {
    const [B, S, G, D] = x.shape as readonly [number, number, number, number];
    return G === H ? x : reshape(broadcastTo(expandDims(x, 3), [B, S, G, H / G, D]), [B, S, H, D]);
  };
  const both = ({ keys, values }: KeysAndValues): KeysAndValues => {
    const repeatedKeys = repeated(keys);
    return { keys: repeatedKeys, values: values === keys ? repeatedKeys : repeated(values) };
  };
  return { query, ...both(cleared), ...(uncleared ? { uncleared: both(uncleared) } : {}) };
}
