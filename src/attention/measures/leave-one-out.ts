// Leave one out: what a result loses when one position is taken away.

import { sizeOf } from "../../core/dtype.ts";
import { checkOptions, inputError, optionError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { fromIndex, hostFloats, isIndex } from "./weights.ts";

/**
 * The scalar of each variant, float32 (N), for bool (N, S): true where a position is kept.
 *
 * The same input in N rows, of which row n keeps what its row says: as a mask (`keyPadding(keep)`) it removes keys of one
 * attention, or of all; as a choice of inputs (`where(keep, ids, pad)`) it removes inputs.
 */
export type EvaluateKept = (keep: NdArray) => Promise<NdArray>;

/** How the variants are evaluated. */
export interface LeaveOneOutOptions {
  /** The positions to take away, one at a time. Default: all, 0 to S - 1. */
  readonly positions?: readonly number[];
  /** Rows N of a call, at least 1. Default 32; fewer where there are fewer variants. */
  readonly batchSize?: number;
}

/** What went with each position. */
export type LeaveOneOut = {
  /** The scalar of the whole input. */
  readonly whole: number;
  /** The scalar of the whole minus that without the position, float32, in the order of `positions`: > 0 where it helps. */
  readonly changes: NdArray;
};

/**
 * Takes away one position at a time: change_s = f(x) - f(x without s).
 *
 * The whole input is one more variant. All calls have the same shape, so that a compiled function makes one session: the
 * last is filled up with rows that keep everything.
 *
 * @param evaluate - gives the scalars of a batch of variants.
 * @param length - S, the number of positions.
 * @throws HeedError when an option is out of range, or `evaluate` gives something else than float32 (N).
 * Source: erasure, Li, Monroe and Jurafsky 2016 (arXiv:1612.08220); against weights, Jain and Wallace 2019
 *   (arXiv:1902.10186), whose rank correlation `spearman` is.
 */
export async function leaveOneOutChange(
  evaluate: EvaluateKept,
  length: number,
  options: LeaveOneOutOptions = {},
): Promise<LeaveOneOut> {
  const where = "leaveOneOutChange";
  checkOptions(where, options, ["positions", "batchSize"]);
  const { batchSize = 32 } = options;
  if (typeof evaluate !== "function")
    throw inputError(where, "a function of bool (N, S) is required", kindOf(evaluate));
  if (!Number.isInteger(length) || length < 1)
    throw optionError(where, "length must be an integer >= 1", String(length));
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw optionError(where, "batchSize must be an integer >= 1", String(batchSize));
  const positions = options.positions ?? Array.from({ length }, (_, s) => s);
  if (!Array.isArray(positions)) throw optionError(where, "positions must be a list", kindOf(positions));
  const bad = positions.findIndex((s: unknown) => !isIndex(s, length));
  if (bad >= 0) throw optionError(where, `positions must be integers from 0 to ${length - 1}`, String(positions[bad]));
  const scalars = await inBatches(evaluate, [null, ...(positions as readonly number[])], length, batchSize);
  const whole = scalars[0]!;
  return { whole, changes: fromIndex([positions.length], (i) => whole - scalars[i + 1]!) };
}

/** The scalar of each variant: without a position, or (null) whole. */
async function inBatches(
  evaluate: EvaluateKept,
  variants: readonly (number | null)[],
  length: number,
  batchSize: number,
): Promise<readonly number[]> {
  const rows = Math.min(batchSize, variants.length);
  const scalars: number[] = [];
  for (let start = 0; start < variants.length; start += rows) {
    const removed = variants.slice(start, start + rows);
    const keep = new Uint8Array(rows * length).fill(1);
    removed.forEach((s, n) => {
      if (s !== null) keep[n * length + s] = 0;
    });
    const given = await evaluate(new NdArray("bool", [rows, length], keep));
    const found = hostFloats("leaveOneOutChange", "the scalars of the variants", given, "N");
    if (sizeOf(given.shape) !== rows)
      throw inputError("leaveOneOutChange", `the function must give a scalar for each of ${rows} rows`, String(given));
    scalars.push(...found.subarray(0, removed.length));
  }
  return scalars;
}
