// The tile table: which tiles of keys hold anything that a block of queries may see, for masks that are known on the host.

import { evaluateReference } from "../../core/reference.ts";
import type { RefArray } from "../../core/op.ts";
import { topological } from "../../core/tensor.ts";
import { coordinates } from "../masks/coordinates.ts";
import type { Mask, MaskSizes } from "../masks/mask.ts";
import { blockRange, type Blocks } from "./chunks.ts";
import type { ScoreRules } from "./rules.ts";

/** Keys in a tile. */
export const tileSize = 64;

/** Pairs of a mask that are looked at while a graph is built: a second or two. */
const mostPairs = 2 ** 24;

/** For every block of queries the tiles of keys of which it may see something, in any row and head, in rising order. */
export type TileTable = readonly (readonly number[])[];

/**
 * The table of a mask, or null where it would say no more than `keyRange` does: causal masks and windows, and masks that
 * come with the inputs of the graph. It is FlexAttention's block mask (Dong et al. 2024, arXiv:2412.05496), made from the
 * parts of a conjunction that are made of positions, constants and host arrays, over at most 2^24 pairs of their own.
 */
export function tileTable({ mask, sizes }: Pick<ScoreRules, "mask" | "sizes">, blocks: Blocks): TileTable | null {
  const parts = knownParts(mask, sizes);
  if (parts.length === 0) return null;
  const ranges = Array.from({ length: blocks.count }, (_, block) => blockRange(mask, sizes, blocks, block));
  const tables = parts.map((part) => tableOf(part, sizes, blocks, ranges));
  return ranges.map((_, block) =>
    tables.map((table) => table[block]!).reduce((both, tiles) => both.filter((tile) => tiles.includes(tile))),
  );
}

type Range = readonly [from: number, to: number];

// What follows from a mask alone, so that layers which share one look at its pairs once. No state that could be told from
// outside: a mask is frozen, and the arrays that become constants of a graph are not written to.
const known = new WeakMap<Mask, Map<string, TileTable>>();

/** The table of one part, inside of the ranges that the whole mask leaves. */
function tableOf(part: Mask, sizes: MaskSizes, blocks: Blocks, ranges: readonly Range[]): TileTable {
  const key = JSON.stringify([sizes, blocks, ranges]);
  const tables = known.get(part) ?? new Map<string, TileTable>();
  known.set(part, tables);
  const made = tables.get(key) ?? ranges.map((range, block) => tilesOf(part, sizes, blocks.size, block, range));
  tables.set(key, made);
  return made;
}

/** The tiles of one block. */
function tilesOf(part: Mask, sizes: MaskSizes, size: number, block: number, [from, to]: Range): readonly number[] {
  const queryStart = block * size;
  const queryCount = Math.min(size, sizes.queryLength - queryStart);
  if (from >= to || queryCount <= 0) return [];
  const at = coordinates(sizes, { queryStart, queryCount, keyStart: from, keyCount: to - from });
  const [{ shape, data }] = evaluateReference([part.allowed(at, sizes)!], new Map()) as [RefArray];
  const seen = columnsOf(data as Float64Array, shape.at(-1)!, to - from);
  const tiles = new Set<number>();
  for (let key = from; key < to; key++) if (seen[key - from]) tiles.add(Math.floor(key / tileSize));
  return [...tiles];
}

/** Whether each key is allowed to any of the rows. */
function columnsOf(data: Float64Array, width: number, count: number): readonly boolean[] {
  const columns = new Array<boolean>(count).fill(false);
  for (let i = 0; i < data.length; i += width)
    for (let key = 0; key < count; key++) if (data[width === 1 ? i : i + key] !== 0) columns[key] = true;
  return columns;
}

/** The masks of a conjunction that vary over queries, say more than their ranges, and are known now. */
function knownParts(mask: Mask | null, sizes: MaskSizes): readonly Mask[] {
  if (!mask || sizes.queryLength * sizes.keyLength === 0) return [];
  if (mask.parts) return mask.parts.flatMap((part) => knownParts(part, sizes));
  if (mask.exactRange) return [];
  const allowed = mask.allowed(coordinates(sizes), sizes);
  if (!allowed || allowed.shape[2] === 1) return [];
  const pairs = allowed.shape.reduce((a, b) => a * b, 1);
  return pairs > mostPairs || topological([allowed]).some((node) => node.op.source) ? [] : [mask];
}

/** Blocks that read as many tiles each: one loop. */
export interface TileGroup {
  readonly blocks: readonly number[];
  /** For each block its tiles, -1 where it has fewer than others of its group. */
  readonly tiles: readonly (readonly number[])[];
}

/** More groups read fewer tiles in vain but make a larger graph. */
const mostGroups = 8;

/** Groups blocks by how many tiles they have; a tile is read in vain where that keeps the groups few. */
export function tileGroups(table: TileTable): readonly TileGroup[] {
  const order = table.map((_, block) => block).sort((a, b) => table[a]!.length - table[b]!.length || a - b);
  for (let tolerance = 0; ; tolerance = 2 * tolerance + 0.05) {
    const groups: number[][] = [];
    for (const block of order) {
      const last = groups.at(-1);
      const least = last ? Math.max(1, table[last[0]!]!.length) : 0;
      if (last && table[block]!.length <= (1 + tolerance) * least) last.push(block);
      else groups.push([block]);
    }
    if (groups.length > mostGroups) continue;
    return groups.map((blocks) => {
      const count = Math.max(1, ...blocks.map((block) => table[block]!.length));
      const tiles = blocks.map((block) => Array.from({ length: count }, (_, i) => table[block]![i] ?? -1));
      return { blocks, tiles };
    });
  }
}
