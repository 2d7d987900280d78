// The keys and values of the steps so far, in a cache of fixed capacity: decoding computes those of the new steps alone.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions, dtypeError, optionError, shapeError } from "../../core/errors.ts";
import { zeros, type NdArray } from "../../core/ndarray.ts";
import { checkTensor } from "../../core/op.ts";
import { add, maximum, minimum, mul, sub } from "../../core/ops/binary.ts";
import { and, less, lessEqual } from "../../core/ops/compare.ts";
import { gather } from "../../core/ops/gather.ts";
import { expandDims, reshape } from "../../core/ops/movement.ts";
import { where } from "../../core/ops/select.ts";
import { iota } from "../../core/ops/source.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import type { Mask, MaskCoordinates, MaskSizes } from "../masks/mask.ts";
import { maskOf } from "../masks/rule.ts";
import { checkMultiHeadConfig, type MultiHeadConfig } from "./config.ts";
import type { HeadMemory } from "./heads.ts";

/**
 * A cache: a plain tree, so that searches reorder its rows and functions hand it on. Axes: B batch, C capacity, G heads of
 * keys and values, which are kept once for each group and not once for each query head.
 */
export type MultiHeadCache<T> = {
  /** float32 (B, C, G, D): as they are compared, normalised and turned. */
  readonly keys: T;
  /** float32 (B, C, G, E). */
  readonly values: T;
  /** int32 () or (B): how many slots are filled. What lies behind is never looked at, so a smaller number takes steps back. */
  readonly length: T;
};

/** Options of `emptyCache`. */
export interface CacheOptions {
  readonly batchSize: number;
  /** Slots: the most steps that a row may have. */
  readonly capacity: number;
  /** Whether each row has a length of its own, for prompts of different lengths that are padded at their end. Default false. */
  readonly perRow?: boolean;
}

/** A cache without steps. @throws HeedError for an option that is unknown or out of range. */
export function emptyCache(config: MultiHeadConfig, options: CacheOptions): MultiHeadCache<NdArray> {
  const where = "emptyCache";
  const { keyHeadCount, headSize, valueHeadSize } = checkMultiHeadConfig(where, config);
  checkOptions(where, options, ["batchSize", "capacity", "perRow"]);
  const { batchSize, capacity, perRow = false } = options;
  for (const [name, value] of Object.entries({ batchSize, capacity }))
    if (!Number.isInteger(value) || value < 1)
      throw optionError(where, `${name} must be an integer >= 1`, String(value));
  return {
    keys: zeros([batchSize, capacity, keyHeadCount, headSize]),
    values: zeros([batchSize, capacity, keyHeadCount, valueHeadSize]),
    length: zeros(perRow ? [batchSize] : [], "int32"),
  };
}

/** Refuses a cache that does not fit what is appended. @returns its capacity. */
export function checkCache(where: string, cache: MultiHeadCache<Tensor>, fresh: HeadMemory<Tensor>): number {
  const { keys, values, length } = cache;
  for (const [name, x] of Object.entries({ keys, values, length })) checkTensor(where, `cache.${name}`, x);
  const { B, T, C } = bindAxes(where, {
    "keys of the new steps": [fresh.keys, "B T G D"],
    "values of the new steps": [fresh.values, "B T G E"],
    "cache.keys": [keys, "B C G D"],
    "cache.values": [values, "B C G E"],
  });
  if (length.dtype !== "int32" || length.rank > 1 || (length.rank === 1 && length.shape[0] !== B))
    throw dtypeError(where, `cache.length must be int32 () or (${B}), one a row of cache.keys`, show(length));
  if (T > C)
    throw shapeError(
      where,
      `the cache must have room for the new steps, axis T of ${show(fresh.keys)}`,
      `cache.keys ${show(keys)} with a capacity of ${C}`,
    );
  return C;
}

/** The cache with new steps (B, T, G, D) and (B, T, G, E) from each row's length on. */
export function append(cache: MultiHeadCache<Tensor>, fresh: HeadMemory<Tensor>): MultiHeadCache<Tensor> {
  const [B, C] = cache.keys.shape as readonly [number, number];
  const T = fresh.keys.shape[1]!;
  if (T === 0) return cache;
  const { length } = cache;
  const rows = length.rank === 0 ? 1 : B;
  // Which of the new steps stands in a slot.
  const step = sub(expandDims(iota(C), 0), reshape(length, [rows, 1])); // (1 or B, C)
  const isNew = reshape(and(lessEqual(0, step), less(step, T)), [rows, C, 1, 1]);
  const row = reshape(iota(B), [B, 1]);
  const place = (x: Tensor, old: Tensor): Tensor => {
    if (T === 1) return where(isNew, x, old);
    const [, , G, D] = x.shape as readonly [number, number, number, number];
    const from = add(minimum(maximum(step, 0), T - 1), mul(row, T)); // (B, C)
    return where(isNew, gather(reshape(x, [B * T, G, D]), from), old); // (B, C, G, D)
  };
  return {
    keys: place(fresh.keys, cache.keys),
    values: place(fresh.values, cache.values),
    length: add(length, T),
  };
}

/** Whether the new steps found room: bool (1, 1, 1) or (B, 1, 1). @param T - how many they are. */
export function foundRoom({ keys, length }: MultiHeadCache<Tensor>, T: number): Tensor {
  return reshape(lessEqual(add(length, T), keys.shape[1]!), [length.rank === 0 ? 1 : length.shape[0]!, 1, 1]);
}

/** Coordinates of queries that begin at a slot, int32 () or (B), which is known when the graph runs. */
export function shiftQueries(at: MaskCoordinates, from: Tensor): MaskCoordinates {
  const start = reshape(from, [from.rank === 0 ? 1 : from.shape[0]!, 1, 1, 1]);
  return { ...at, query: add(at.query, start), whole: (at.whole ?? []).filter((axis) => axis !== "query") };
}

/**
 * A mask over a whole sequence of C slots, for the queries of new steps over the slots of a cache.
 *
 * The mask is asked as if queries and keys were all C slots, so it says the same as over the whole sequence at once, and
 * causal masks need no `align`. Slots that are not filled yet are blocked.
 */
export function overCache(mask: Mask | null, { length }: MultiHeadCache<Tensor>, T: number): Mask {
  const whole = (sizes: MaskSizes): MaskSizes => ({ ...sizes, queryLength: sizes.keyLength });
  const end = add(length, T);
  const filled = reshape(end, [end.rank === 0 ? 1 : end.shape[0]!, 1, 1, 1]);
  return maskOf({
    name: mask ? `overCache(${mask.name})` : "overCache",
    allowed(at, sizes) {
      const isFilled = less(at.key, filled);
      const allowed = mask?.allowed(shiftQueries(at, length), whole(sizes)) ?? null;
      return allowed ? and(allowed, isFilled) : isFilled;
    },
    ...(mask?.addsBias ? { bias: (at, sizes) => mask.bias(shiftQueries(at, length), whole(sizes)) } : {}),
    keys: (sizes) => mask?.keys(whole(sizes)) ?? null,
    check: (sizes) => mask?.check(whole(sizes)),
    verdict: () => ({ allowed: "depends", why: "the cache's length is known only when the graph runs" }),
  });
}
