// Attention in blocks of queries, one after the other: memory grows with T + S rather than with T x S, in the gradient
// too, which computes the weights of a block again.

import { add, minimum, mul } from "../../core/ops/binary.ts";
import { concat } from "../../core/ops/concat.ts";
import { reshape, transpose } from "../../core/ops/movement.ts";
import { scan } from "../../core/ops/scan.ts";
import { pad, sliceAxis } from "../../core/ops/slice.ts";
import { iota } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { coordinates } from "../masks/coordinates.ts";
import type { MaskCoordinates } from "../masks/mask.ts";
import { chunksOf, type Chunk } from "./chunks.ts";
import { attendTiles } from "./attend-tiles.ts";
import { attendRows, type Operands } from "./rows.ts";
import type { ScoreRules } from "./rules.ts";

/** What is computed of some rows: operands heads first, query (B, H, rows, D) -> (B, H, rows, X). */
export type OfRows = (operands: Operands, rules: ScoreRules, at: MaskCoordinates) => Tensor;

/**
 * Blocked attention: query (B, T, H, D), keys (B, H, S, D) and values (B, H, S, E) heads first -> (B, T, H, E).
 *
 * Source: Rabe and Staats 2021 (arXiv:2112.05682), over queries; the keys of a block are taken at once, which needs no
 * running maximum. The gradient recomputes each block (Chen et al. 2016, arXiv:1604.06174).
 *
 * @param blockSize - queries in a block.
 * @param ofRows - what is computed of the rows of a block. Default: their context.
 * @returns (B, T, H, X) for rows that become (B, H, rows, X).
 */
export function attendBlocked(
  { query, keys, values }: Operands,
  rules: ScoreRules,
  blockSize: number,
  ofRows: OfRows = attendRows,
): Tensor {
  const [B, T, H, D] = query.shape as readonly [number, number, number, number];
  const count = Math.max(1, Math.ceil(T / Math.max(1, blockSize))); // one block of no rows where there are no queries
  const rows = Math.ceil(T / count); // equal blocks, so that little is added at the end
  const padded = pad(query, [[0, 0], [0, count * rows - T], [0, 0], [0, 0]]); // prettier-ignore
  const blocks = transpose(reshape(padded, [B, count, rows, H, D]), [1, 0, 3, 2, 4]); // (count, B, H, rows, D)
  const all =
    (ofRows === attendRows ? attendTiles(blocks, { keys, values }, rules) : null) ??
    concat(
      chunksOf(rules, rows, count).map((chunk) =>
        attendChunk(
          {
            query: sliceAxis(blocks, 0, chunk.block, chunk.block + chunk.blockCount),
            keys: sliceAxis(keys, 2, chunk.from, chunk.to),
            values: sliceAxis(values, 2, chunk.from, chunk.to),
          },
          rules,
          chunk,
          ofRows,
        ),
      ),
      0,
    ); // (count, B, H, rows, X)
  const joined = transpose(all, [1, 0, 3, 2, 4]); // (B, count, rows, H, X)
  return sliceAxis(reshape(joined, [B, count * rows, H, joined.shape[4]!]), 1, 0, T);
}

/** One chunk: blocks (N, B, H, rows, D) against one slice of keys -> (N, B, H, rows, X). */
function attendChunk({ query, keys, values }: Operands, rules: ScoreRules, chunk: Chunk, ofRows: OfRows): Tensor {
  const { blockCount, block, from } = chunk;
  const rows = query.shape[3]!;
  const { sizes } = rules;
  const starts = add(mul(iota(blockCount), rows), block * rows);
  const { outputs } = scan(
    (_state: readonly Tensor[], { q, start }: { readonly q: Tensor; readonly start: Tensor }) => {
      const at = coordinates(sizes, {
        queryStart: start,
        queryCount: Math.min(rows, sizes.queryLength),
        keyStart: from,
        keyCount: keys.shape[2]!,
      });
      // The rows that were added at the end stand at the last position: stored masks hold nothing beyond it.
      const inside = { ...at, query: minimum(at.query, sizes.queryLength - 1) };
      return { state: [], outputs: ofRows({ query: q, keys, values }, rules, inside) };
    },
    { initial: [] as readonly Tensor[], sequences: { q: query, start: starts }, recompute: true },
  );
  return outputs;
}
