// Chunk window: a query sees the chunk of its own position, and chunks beside it.

import { checkOptions, optionError, shapeError } from "../../core/errors.ts";
import { add, div } from "../../core/ops/binary.ts";
import { and, lessEqual } from "../../core/ops/compare.ts";
import { cast } from "../../core/ops/select.ts";
import { floor } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Mask, MaskSizes } from "../masks/mask.ts";
import { maskOf } from "../masks/rule.ts";
import { clampRange, scoresType } from "../masks/sizes.ts";
import { show } from "../../core/tensor.ts";

/** Options of `chunkWindow`. */
export interface ChunkWindowOptions {
  /** Positions in a chunk. */
  readonly chunkSize: number;
  /** How many chunks before the query's own are seen. Default 1. */
  readonly lookBack?: number;
  /** How many chunks after the query's own are seen. Default 0. */
  readonly lookForward?: number;
}

/** The names of all options. */
export const chunkWindowOptions = ["chunkSize", "lookBack", "lookForward"] as const;

/** The options with their defaults. @throws HeedError for an option that is out of range. */
export function checkChunkWindow(where: string, options: ChunkWindowOptions): Required<ChunkWindowOptions> {
  const { chunkSize, lookBack = 1, lookForward = 0 } = options ?? {};
  for (const [name, value, least] of [
    ["chunkSize", chunkSize, 1],
    ["lookBack", lookBack, 0],
    ["lookForward", lookForward, 0],
  ] as const)
    if (!Number.isSafeInteger(value) || value < least)
      throw optionError(where, `${name} must be an integer >= ${least}`, String(value));
  return { chunkSize, lookBack, lookForward };
}

/**
 * Allows floor(query / w) - lookBack <= floor(key / w) <= floor(query / w) + lookForward, w the chunk size, over as many
 * queries as keys. Which of its keys a query sees depends on where it stands in its chunk: with `lookBack` chunks behind
 * at least `lookBack` w keys. It says nothing of the future inside of a chunk: that is `causal()`'s.
 *
 * `localAttention` computes it in memory that grows with the length; under `attention` it is a mask like any other.
 *
 * @throws HeedError for an option that is unknown or out of range; from `check` when T and S differ.
 */
export function chunkWindow(options: ChunkWindowOptions): Mask {
  const where = "chunkWindow";
  checkOptions(where, options, chunkWindowOptions);
  const { chunkSize, lookBack, lookForward } = checkChunkWindow(where, options);
  /** The first key that a query sees, and the one behind the last. */
  const ends = (query: number): readonly [from: number, to: number] => {
    const chunk = Math.floor(query / chunkSize);
    return [(chunk - lookBack) * chunkSize, (chunk + lookForward + 1) * chunkSize];
  };
  return maskOf({
    name: `chunkWindow(${chunkSize}, back: ${lookBack}, forward: ${lookForward})`,
    allowed(at) {
      const [query, key] = [chunkOf(at.query, chunkSize), chunkOf(at.key, chunkSize)];
      return and(lessEqual(add(query, -lookBack), key), lessEqual(key, add(query, lookForward)));
    },
    keyRange: (query, sizes) => clampRange(...ends(query), sizes),
    exactRange: true,
    check: (sizes) => checkSquare(where, sizes),
    verdict({ query, key }) {
      const [from, to] = ends(query);
      const allowed = from <= key && key < to;
      const seen = `${Math.max(0, from)} to ${to - 1}`;
      return { allowed, why: `key ${key} is ${allowed ? "in" : "out"}side ${seen}, the chunks of query ${query}` };
    },
  });
}

/** Refuses another number of keys than queries: chunks of both are counted from 0. */
export function checkSquare(where: string, sizes: MaskSizes): void {
  if (sizes.queryLength !== sizes.keyLength)
    throw shapeError(
      where,
      "chunks must be of as many queries as keys",
      `scores ${show(scoresType(sizes))} as (B, H, T, S)`,
    );
}

/** The chunk of each position: positions of a sequence are exact in float32, and so is the floor of their quotient. */
function chunkOf(positions: Tensor, chunkSize: number): Tensor {
  return floor(div(add(cast(positions, "float32"), 0.5), chunkSize));
}
