// Where a row of a memory begins and ends, and which of its positions lie near a point.

import { bindAxes } from "../../core/axes.ts";
import { add, maximum, sub } from "../../core/ops/binary.ts";
import { lessEqual } from "../../core/ops/compare.ts";
import { max, min } from "../../core/ops/reduce.ts";
import { cast, where } from "../../core/ops/select.ts";
import { fill, iota } from "../../core/ops/source.ts";
import { abs } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Memory } from "../contract.ts";

/** The real part of each row, float32 (B, 1); positions count from 0. */
export interface Span {
  /** The first position that may be attended to. */
  readonly first: Tensor;
  /** The last one. */
  readonly last: Tensor;
  /** Positions from the first to the last: the row's real length. Blocked ones between them count. */
  readonly length: Tensor;
}

/**
 * The span of each row of a memory: what padding leaves, on whichever side it stands. Without a mask, the whole row.
 *
 * A row without an allowed position has length 0; where it then begins and ends does not matter, for nothing is seen of it.
 */
export function spanOf({ keys, mask }: Pick<Memory, "keys" | "mask">): Span {
  const [B, S] = [keys.shape[0]!, keys.shape[1]!];
  if (!mask || S === 0)
    return { first: fill([B, 1], 0), last: fill([B, 1], Math.max(S - 1, 0)), length: fill([B, 1], S) };
  bindAxes("spanOf", { keys: [keys, "B S K"], mask: [mask, "B S"] });
  const positions = positionsOf(S);
  const first = min(where(mask, positions, S), 1, { keepDims: true });
  const last = max(where(mask, positions, -1), 1, { keepDims: true });
  return { first, last, length: maximum(add(sub(last, first), 1), 0) };
}

/** float32 (S): 0, 1, 2, ... */
export function positionsOf(S: number): Tensor {
  return cast(iota(S), "float32");
}

/** bool (B, S): the positions s with |s - centre| <= reach, both ends included. @param centre - float32 (B, 1). */
export function near(centre: Tensor, reach: number, S: number): Tensor {
  return lessEqual(abs(sub(positionsOf(S), centre)), fill([], reach));
}
