// Coordinates: where a block of scores lies among all of them, and how stored values are read there.

import { sizeOf } from "../../core/dtype.ts";
import { checkOptions, dtypeError, optionError } from "../../core/errors.ts";
import { checkTensor } from "../../core/op.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { gather } from "../../core/ops/gather.ts";
import { reshape, squeeze } from "../../core/ops/movement.ts";
import { iota } from "../../core/ops/source.ts";
import { stridesOf } from "../../core/reference.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import type { MaskAxis, MaskCoordinates, MaskSizes } from "./mask.ts";
import { checkSizes } from "./sizes.ts";

/** Which block of the scores is meant. */
export interface CoordinateOptions {
  /** The first query: a position, or int32, one for all rows () or one a row (B), as decoding from a cache has it. Default 0. */
  readonly queryStart?: number | Tensor;
  /** How many queries. Default: all from `queryStart`; must be said where that is a tensor. */
  readonly queryCount?: number;
  /** The first key: a position, or int32 () or (B). Default 0. */
  readonly keyStart?: number | Tensor;
  /** How many keys. Default: all from `keyStart`; must be said where that is a tensor. */
  readonly keyCount?: number;
}

/**
 * The coordinates of a block of queries and keys, of all rows and heads; by default of all scores.
 *
 * @throws HeedError when the block does not lie inside the sizes. Starts that are tensors are not looked at: positions
 *   outside read stored masks where there is nothing.
 */
export function coordinates(sizes: MaskSizes, options: CoordinateOptions = {}): MaskCoordinates {
  const where = "coordinates";
  checkOptions(where, options, ["queryStart", "queryCount", "keyStart", "keyCount"]);
  checkSizes(where, sizes);
  const { batchSize, headCount, queryLength, keyLength } = sizes;
  const query = stretch("query", options.queryStart ?? 0, options.queryCount, queryLength, batchSize);
  const key = stretch("key", options.keyStart ?? 0, options.keyCount, keyLength, batchSize);
  const whole: MaskAxis[] = ["batch", "head"];
  if (query.whole) whole.push("query");
  if (key.whole) whole.push("key");
  return Object.freeze({
    batch: reshape(iota(batchSize), [batchSize, 1, 1, 1]),
    head: reshape(iota(headCount), [1, headCount, 1, 1]),
    query: reshape(query.positions, [query.rows, 1, query.count, 1]),
    key: reshape(key.positions, [key.rows, 1, 1, key.count]),
    whole: Object.freeze(whole),
  });
}

interface Stretch {
  /** (rows, count), rows 1 or B. */
  readonly positions: Tensor;
  readonly rows: number;
  readonly count: number;
  readonly whole: boolean;
}

/** `count` positions of one axis from `start` on. */
function stretch(
  axis: "query" | "key",
  start: number | Tensor,
  count: number | undefined,
  length: number,
  batchSize: number,
): Stretch {
  const where = "coordinates";
  if (typeof start === "number" && (!Number.isInteger(start) || start < 0 || start > length))
    throw optionError(where, `${axis}Start must be an integer from 0 to ${length}`, String(start));
  if (typeof start !== "number") {
    checkTensor(where, `${axis}Start`, start);
    if (count === undefined) throw optionError(where, `${axis}Count must be said where ${axis}Start is a tensor`);
    if (start.dtype !== "int32" || start.rank > 1 || (start.rank === 1 && start.shape[0] !== batchSize))
      throw dtypeError(where, `${axis}Start must be a number, or int32 () or (${batchSize})`, show(start));
  }
  const most = typeof start === "number" ? length - start : length;
  const number = count ?? most;
  if (!Number.isInteger(number) || number < 0 || number > most)
    throw optionError(where, `${axis}Count must be an integer from 0 to ${most}`, String(number));
  const rows = typeof start === "number" || start.rank === 0 ? 1 : batchSize;
  const steps = reshape(iota(number), [1, number]);
  const positions = start === 0 ? steps : add(steps, typeof start === "number" ? start : reshape(start, [rows, 1]));
  return { positions, rows, count: number, whole: start === 0 && number === length };
}

const axes: readonly MaskAxis[] = ["batch", "head", "query", "key"];

/**
 * The values of `x` at coordinates. `x` has the four axes of scores, each of its full size, or 1 where it does not vary.
 *
 * Whole axes and axes of size 1 are left as they are. Otherwise rows of keys are gathered, or single elements where the
 * keys are a block too. The gradient goes back to `x`.
 *
 * @returns four axes, broadcastable to the block.
 */
export function pick(x: Tensor, at: MaskCoordinates): Tensor {
  const { whole = [] } = at;
  const varies = axes.map((_, i) => x.shape[i] !== 1);
  const moves = axes.map((axis, i) => varies[i]! && !whole.includes(axis));
  if (!moves.includes(true)) return x;
  const indexed = moves[3] ? 4 : 3;
  const strides = stridesOf(x.shape.slice(0, indexed));
  const terms = axes
    .slice(0, indexed)
    .flatMap((axis, i) => (varies[i] ? [strides[i] === 1 ? at[axis] : mul(at[axis], strides[i]!)] : []));
  const index = terms.reduce((sum, term) => add(sum, term));
  const rows = sizeOf(x.shape.slice(0, indexed));
  return indexed === 4 ? gather(reshape(x, [rows]), index) : gather(reshape(x, [rows, x.shape[3]!]), squeeze(index, 3));
}
