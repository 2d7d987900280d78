// Blocks of queries, each against the tiles of keys of which it may see something.

import { add, maximum, mul } from "../../core/ops/binary.ts";
import { concat } from "../../core/ops/concat.ts";
import { gather } from "../../core/ops/gather.ts";
import { array } from "../../core/ndarray.ts";
import { reshape, transpose } from "../../core/ops/movement.ts";
import { scan } from "../../core/ops/scan.ts";
import { pad } from "../../core/ops/slice.ts";
import { constant, iota } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { coordinates } from "../masks/coordinates.ts";
import { chunksOf } from "./chunks.ts";
import { insideRules } from "./inside.ts";
import { attendRows, type Operands } from "./rows.ts";
import { mayBeEmpty, type ScoreRules } from "./rules.ts";
import { tileGroups, tileSize, tileTable, type TileGroup } from "./tiles.ts";

/** Tiles are worth their gathers where they hold less than this share of the keys that ranges hold. */
const worthwhile = 0.8;

/**
 * The contexts of all blocks by their tiles; null where ranges of keys are as good, or where weights are wanted that the
 * mask alone does not give.
 *
 * @param blocks - queries (count, B, H, rows, D).
 * @returns (count, B, H, rows, E).
 */
export function attendTiles(
  blocks: Tensor,
  { keys, values }: Pick<Operands, "keys" | "values">,
  rules: ScoreRules,
): Tensor | null {
  if (rules.alterations.length > 0 || (rules.emptyRows === "uniform" && mayBeEmpty(rules))) return null;
  const [count, , , rows] = blocks.shape as readonly [number, number, number, number];
  const table = tileTable(rules, { size: rows, count });
  if (!table) return null;
  const groups = tileGroups(table);
  const read = groups.reduce((n, group) => n + group.tiles.length * group.tiles[0]!.length * tileSize, 0);
  const ranged = chunksOf(rules, rows, count).reduce((n, chunk) => n + chunk.blockCount * (chunk.to - chunk.from), 0);
  if (read >= worthwhile * ranged) return null;
  const tiled = { keys: asTiles(keys), values: values === keys ? asTiles(keys) : asTiles(values) };
  const found = concat(
    groups.map((group) => attendGroup(blocks, tiled, rules, group)),
    0,
  );
  const order = groups.flatMap((group) => group.blocks);
  return gather(found, indices(table.map((_, block) => order.indexOf(block))));
}

/** (B, H, S, X) as tiles (count, B, H, tile, X), the last one filled up. */
function asTiles(x: Tensor): Tensor {
  const [B, H, S, X] = x.shape as readonly [number, number, number, number];
  const count = Math.ceil(S / tileSize);
  const filled = pad(x, [[0, 0], [0, 0], [0, count * tileSize - S], [0, 0]]); // prettier-ignore
  return transpose(reshape(filled, [B, H, count, tileSize, X]), [2, 0, 1, 3, 4]);
}

function attendGroup(
  blocks: Tensor,
  tiled: Pick<Operands, "keys" | "values">,
  rules: ScoreRules,
  group: TileGroup,
): Tensor {
  const [, B, H, rows] = blocks.shape as readonly [number, number, number, number];
  const { sizes } = rules;
  const count = group.tiles[0]!.length;
  const inside = insideRules(rules);
  const starts = indices(group.blocks.map((block) => block * rows));
  const tiles = constant(array(Int32Array.from(group.tiles.flat()), { shape: [group.blocks.length, count] }));
  const { outputs } = scan(
    (_state: readonly Tensor[], at: { readonly q: Tensor; readonly start: Tensor; readonly tiles: Tensor }) => {
      const side = (x: Tensor): Tensor => {
        const found = gather(x, maximum(at.tiles, 0)); // (count, B, H, tile, X)
        return reshape(transpose(found, [1, 2, 0, 3, 4]), [B, H, count * tileSize, x.shape[4]!]);
      };
      const keys = side(tiled.keys);
      const values = tiled.values === tiled.keys ? keys : side(tiled.values);
      // A tile that stands for none begins before the first key: what lies outside is blocked.
      const within = add(reshape(mul(at.tiles, tileSize), [count, 1]), reshape(iota(tileSize), [1, tileSize]));
      const { batch, head, query } = coordinates(sizes, { queryStart: at.start, queryCount: rows });
      const key = reshape(within, [1, 1, 1, count * tileSize]);
      const context = attendRows({ query: at.q, keys, values }, inside, { batch, head, query, key, whole: ["batch", "head"] }); // prettier-ignore
      return { state: [], outputs: context };
    },
    {
      initial: [] as readonly Tensor[],
      sequences: { q: gather(blocks, indices(group.blocks)), start: starts, tiles },
      recompute: true,
    },
  );
  return outputs;
}

function indices(values: readonly number[]): Tensor {
  return constant(array(Int32Array.from(values)));
}
