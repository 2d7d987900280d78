// Which keys which queries need: blocks of queries, put together to chunks whose keys are one slice.

import type { Mask, MaskSizes } from "../masks/mask.ts";
import { mayBeEmpty, type ScoreRules } from "./rules.ts";

/** Equal blocks of queries, the last of which may reach beyond the end. */
export interface Blocks {
  /** Queries in a block. */
  readonly size: number;
  readonly count: number;
}

/** Consecutive blocks of queries that read one range of keys. */
export interface Chunk {
  /** The first block. */
  readonly block: number;
  readonly blockCount: number;
  /** Keys `from` (included) to `to` (excluded). */
  readonly from: number;
  readonly to: number;
}

/** More chunks skip more keys but make a larger graph: each is a loop of its own. */
const mostChunks = 16;

/**
 * Cuts `blockCount` blocks of `blockSize` queries into chunks, so that keys which the mask surely blocks are skipped:
 * above the diagonal of a causal mask, outside a window.
 *
 * Neighbours are joined while that adds little; the tolerance grows until there are few chunks.
 */
export function chunksOf(
  rules: Pick<ScoreRules, "mask" | "sizes"> & Partial<Pick<ScoreRules, "emptyRows">>,
  blockSize: number,
  blockCount: number,
): readonly Chunk[] {
  const { mask, sizes } = rules;
  // A row without keys is uniform over all of them, so that none may be left out.
  const all = !mask || (rules.emptyRows === "uniform" && mayBeEmpty({ mask, sizes }));
  const blocks = Array.from({ length: blockCount }, (_, block): Chunk => {
    if (all) return { block, blockCount: 1, from: 0, to: sizes.keyLength };
    const [from, to] = blockRange(mask, sizes, { size: blockSize, count: blockCount }, block);
    // A block without any key keeps one: its rows are empty by the mask, not by their shape.
    return from < to
      ? { block, blockCount: 1, from, to }
      : { block, blockCount: 1, from: 0, to: Math.min(1, sizes.keyLength) };
  });
  for (let tolerance = 0; ; tolerance = 2 * tolerance + 0.02) {
    const chunks = join(blocks, tolerance);
    if (chunks.length <= mostChunks) return chunks;
  }
}

/** The keys outside of which a block surely sees nothing. */
export function blockRange(
  mask: Mask | null,
  sizes: MaskSizes,
  { size }: Blocks,
  block: number,
): readonly [from: number, to: number] {
  if (!mask) return [0, sizes.keyLength];
  let [from, to] = [sizes.keyLength, 0];
  for (let q = block * size; q < Math.min((block + 1) * size, sizes.queryLength); q++) {
    const range = mask.keyRange(q, sizes);
    if (range[0] < range[1]) [from, to] = [Math.min(from, range[0]), Math.max(to, range[1])];
  }
  return [from, to];
}

/** Joins neighbours while no block of a chunk reads more than `1 + tolerance` times the keys that the chunk's blocks need on average. */
function join(blocks: readonly Chunk[], tolerance: number): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let needed = 0;
  for (const block of blocks) {
    const last = chunks.at(-1);
    const own = block.to - block.from;
    if (last) {
      const [from, to] = [Math.min(last.from, block.from), Math.max(last.to, block.to)];
      if ((to - from) * (last.blockCount + 1) <= (1 + tolerance) * (needed + own)) {
        chunks[chunks.length - 1] = { ...last, blockCount: last.blockCount + 1, from, to };
        needed += own;
        continue;
      }
    }
    chunks.push(block);
    needed = own;
  }
  return chunks;
}
