// Positions of the rows of a batch: slots counted from where each row begins.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions, dtypeError, optionError } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { checkTensor } from "../../core/op.ts";
import { add, maximum, minimum, sub } from "../../core/ops/binary.ts";
import { gather } from "../../core/ops/gather.ts";
import { expandDims, reshape } from "../../core/ops/movement.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { constant, iota } from "../../core/ops/source.ts";
import { show, type Tensor } from "../../core/tensor.ts";

/** Where positions begin. A slot is a place on the time axis; positions are slots counted from a row's first real one. */
export interface PositionOptions {
  /** The slot of the first element: a number, or int32 () or (B), a cache's length. Default 0. */
  readonly from?: number | Tensor;
  /** int32 (B): the slot at which each row begins, where rows are padded at their start. Default 0 for every row. */
  readonly starts?: Tensor;
}

/** Positions of a stretch of slots. */
export interface RowPositions {
  /** int32 (1, T) or (B, T), each from 0 to below the limit; slots before a row's start have position 0. */
  readonly at: Tensor;
  /** How many positions there can be at most. */
  readonly limit: number;
  /** The first position where all rows have the same, known numbers, one after the other; null otherwise. */
  readonly first: number | null;
}

/**
 * The positions of `count` slots.
 *
 * @param limit - how many positions a table must have: the capacity of a cache. Default `from` + `count`; must be given where
 *   `from` is a tensor.
 * @throws HeedError when `from` or `starts` are not as they must be.
 */
export function rowPositions(count: number, options: PositionOptions & { readonly limit?: number } = {}): RowPositions {
  const where = "rowPositions";
  checkOptions(where, options, ["from", "starts", "limit"]);
  const { from = 0, starts } = options;
  if (typeof from === "number" && !(Number.isInteger(from) && from >= 0))
    throw optionError(where, "from must be an integer >= 0", String(from));
  if (typeof from !== "number") checkSlots(where, "from", from);
  if (starts) checkStarts(where, starts);
  const limit = options.limit ?? (typeof from === "number" ? from + count : null);
  if (limit === null) throw optionError(where, "limit must be given where from is a tensor");
  const steps = expandDims(iota(count), 0); // (1, T)
  if (typeof from === "number" && !starts) return { at: from === 0 ? steps : add(steps, from), limit, first: from };
  const slots = add(steps, typeof from === "number" ? from : asColumn(from)); // (1 or B, T)
  const positions = starts ? sub(slots, asColumn(starts)) : slots;
  return { at: minimum(maximum(positions, 0), Math.max(0, limit - 1)), limit, first: null };
}

/** The rows of a table at every position: table (limit or more, size) -> (1, T, size) or (B, T, size). */
export function rowsOf(table: Tensor | NdArray, { at, first }: RowPositions): Tensor {
  const values = table instanceof NdArray ? constant(table) : table;
  return first === null ? gather(values, at) : expandDims(sliceAxis(values, 0, first, first + at.shape[1]!), 0);
}

/** Refuses what is not int32 () or (B). */
export function checkSlots(where: string, what: string, x: unknown): asserts x is Tensor {
  checkTensor(where, what, x);
  if (x.dtype !== "int32" || x.rank > 1) throw dtypeError(where, `${what} must be int32 () or (B)`, show(x));
}

/** Refuses what is not int32 (B). @param beside - a tensor with the batch first, by name. */
export function checkStarts(where: string, starts: unknown, beside?: readonly [name: string, x: Tensor]): void {
  checkTensor(where, "starts", starts);
  if (starts.dtype !== "int32" || starts.rank !== 1)
    throw dtypeError(
      where,
      "starts must be int32 (B), the slot at which each row begins",
      show(starts),
      starts.dtype === "bool" ? "A padding mask (B, S) is keyPadding." : undefined,
    );
  if (beside) bindAxes(where, { [beside[0]]: [beside[1], "B T N"], starts: [starts, "B"] });
}

/** () or (B) as (1, 1) or (B, 1). */
function asColumn(x: Tensor): Tensor {
  return reshape(x, [x.rank === 0 ? 1 : x.shape[0]!, 1]);
}
