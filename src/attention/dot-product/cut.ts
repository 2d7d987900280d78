// Sequences cut into groups of heads and blocks of queries, and put together again.
// Axes: B batch, H heads, T queries, S keys, X any size; b rows and h heads of a group, N = B H / (b h) groups, C blocks,
// R queries of a block.

import { array } from "../../core/ndarray.ts";
import { reshape, transpose } from "../../core/ops/movement.ts";
import { pad, sliceAxis } from "../../core/ops/slice.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { MaskSizes } from "../masks/mask.ts";

/** Bytes of the scores of one block: it and what is made of it stay in the caches. */
const blockBytes = 4 * 2 ** 20;

/** Queries of a block: fewer make the sums over blocks costly, more make blocks that leave the caches. */
const mostRows = 256;

/** How the work is cut: either some heads of one row of the batch, or all heads of some rows. */
export interface Cut {
  /** Rows of the batch in a group; divides B. */
  readonly batch: number;
  /** Heads of a group; divides H. */
  readonly heads: number;
  /** Queries in a block. */
  readonly rows: number;
  readonly blocks: number;
}

/** The cut of an attention: heads apart before queries, so that what is added up over blocks stays small. */
export function cutOf({ batchSize, headCount, queryLength, keyLength }: MaskSizes): Cut {
  const row = 4 * Math.max(1, keyLength);
  const fitting = Math.max(64, Math.min(mostRows, Math.floor(blockBytes / row)));
  const blocks = Math.max(1, Math.ceil(queryLength / fitting));
  const rows = Math.max(1, Math.ceil(queryLength / blocks)); // equal blocks, so that little is added at the end
  const most = Math.floor(blockBytes / (row * rows));
  const heads = largestDivisor(headCount, most);
  return { batch: heads === headCount ? largestDivisor(batchSize, most / headCount) : 1, heads, rows, blocks };
}

/** The largest divisor of n that is at most `most`, and at least 1. */
function largestDivisor(n: number, most: number): number {
  for (let d = Math.min(n, Math.floor(most)); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

/** The first row of the batch and the first head of each group, int32 (N). */
export function placesOf(
  { batchSize, headCount }: MaskSizes,
  { batch, heads }: Cut,
): { readonly batch: Tensor; readonly head: Tensor } {
  const across = headCount / heads;
  const groups = Array.from({ length: (batchSize / batch) * across }, (_, i) => i);
  const numbers = (of: (group: number) => number): Tensor => constant(array(Int32Array.from(groups, of)));
  return {
    batch: numbers((group) => Math.floor(group / across) * batch),
    head: numbers((group) => (group % across) * heads),
  };
}

/** (B, T, H, X) as (N, C, b, h, R, X), filled up with zeros. */
export function blocksOf(x: Tensor, { batch, heads, rows, blocks }: Cut): Tensor {
  const [B, T, H, X] = x.shape as readonly [number, number, number, number];
  const filled = pad(x, [[0, 0], [0, blocks * rows - T], [0, 0], [0, 0]]); // prettier-ignore
  const cut = transpose(reshape(filled, [B / batch, batch, blocks, rows, H / heads, heads, X]), [0, 4, 2, 1, 5, 3, 6]);
  return reshape(cut, [(B * H) / (batch * heads), blocks, batch, heads, rows, X]);
}

/** (B, S, H, X) as (N, b, h, S, X). */
export function groupsOf(x: Tensor, { batch, heads }: Cut): Tensor {
  const [B, S, H, X] = x.shape as readonly [number, number, number, number];
  const cut = transpose(reshape(x, [B / batch, batch, S, H / heads, heads, X]), [0, 3, 1, 4, 2, 5]);
  return reshape(cut, [(B * H) / (batch * heads), batch, heads, S, X]);
}

/** (N, C, b, h, R, X) as (B, T, H, X), without what was filled up. */
export function joinBlocks(x: Tensor, { batchSize: B, headCount: H, queryLength: T }: MaskSizes, cut: Cut): Tensor {
  const { batch, heads, rows, blocks } = cut;
  const X = x.shape.at(-1)!;
  const whole = transpose(reshape(x, [B / batch, H / heads, blocks, batch, heads, rows, X]), [0, 3, 2, 5, 1, 4, 6]);
  return sliceAxis(reshape(whole, [B, blocks * rows, H, X]), 1, 0, T);
}

/** (N, b, h, S, X) as (B, S, H, X). */
export function joinGroups(x: Tensor, { batchSize: B, headCount: H, keyLength: S }: MaskSizes, cut: Cut): Tensor {
  const { batch, heads } = cut;
  const X = x.shape.at(-1)!;
  const whole = transpose(reshape(x, [B / batch, H / heads, batch, heads, S, X]), [0, 2, 4, 1, 3, 5]);
  return reshape(whole, [B, S, H, X]);
}
