// Which keys which queries need: blocks of queries, put together to chunks whose keys are one slice.

import type { ScoreRules } from "./rules.ts";

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
  { mask, sizes }: Pick<ScoreRules, "mask" | "sizes">,
  blockSize: number,
  blockCount: number,
): readonly Chunk[] {
  const { queryLength, keyLength } = sizes;
  const blocks = Array.from({ length: blockCount }, (_, block): Chunk => {
    if (!mask) return { block, blockCount: 1, from: 0, to: keyLength };
    let [from, to] = [keyLength, 0];
    for (let q = block * blockSize; q < Math.min((block + 1) * blockSize, queryLength); q++) {
      const range = mask.keyRange(q, sizes);
      if (range[0] < range[1]) [from, to] = [Math.min(from, range[0]), Math.max(to, range[1])];
    }
    // A block without any key keeps one: its rows are empty by the mask, not by their shape.
    return from < to
      ? { block, blockCount: 1, from, to }
      : { block, blockCount: 1, from: 0, to: Math.min(1, keyLength) };
  });
  for (let tolerance = 0; ; tolerance = 2 * tolerance + 0.02) {
    const chunks = join(blocks, tolerance);
    if (chunks.length <= mostChunks) return chunks;
  }
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
