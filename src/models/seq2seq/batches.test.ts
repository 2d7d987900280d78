// Batches: every pair once an epoch, in an order that seed and epoch decide, with hardly any padding.

import { describe, expect, test } from "vitest";
import { rng } from "../../core/random.ts";
import { epochBatches, pairArrays, sourceArrays, type Pair } from "./batches.ts";

const draw = rng(1);
const pairs: readonly Pair[] = Array.from({ length: 500 }, (_, i) => ({
  source: Array.from({ length: 1 + draw.integer(12) }, () => 3 + (i % 20)),
  target: Array.from({ length: draw.integer(10) }, () => 3 + (i % 30)),
}));
const ids = (batches: readonly (readonly Pair[])[]): readonly number[] => batches.flat().map((p) => pairs.indexOf(p));

describe("epochBatches", () => {
  test("has every pair once, in batches no larger than wanted", () => {
    const batches = epochBatches(pairs, 32, 1, 0);
    expect([...ids(batches)].sort((a, b) => a - b)).toEqual(pairs.map((_, i) => i));
    expect(Math.max(...batches.map((b) => b.length))).toBe(32);
  });

  test("is a function of seed and epoch, with as many batches in every epoch", () => {
    expect(ids(epochBatches(pairs, 32, 1, 3))).toEqual(ids(epochBatches(pairs, 32, 1, 3)));
    expect(ids(epochBatches(pairs, 32, 1, 3))).not.toEqual(ids(epochBatches(pairs, 32, 1, 4)));
    expect(ids(epochBatches(pairs, 32, 1, 3))).not.toEqual(ids(epochBatches(pairs, 32, 2, 3)));
    const counts = Array.from({ length: 10 }, (_, epoch) => epochBatches(pairs, 32, 1, epoch).length);
    expect(new Set(counts).size).toBe(1);
  });

  test("keeps its order from version to version: a training that is under way goes on with it", () => {
    expect(ids(epochBatches(pairs, 32, 1, 0)).slice(0, 6)).toEqual([152, 479, 239, 309, 269, 56]);
  });

  test("takes every seed that a training takes, and no other", () => {
    expect(ids(epochBatches(pairs, 32, 2 ** 31 - 1, 9999))).toHaveLength(pairs.length);
    for (const seed of [2 ** 31, -1, 0.5])
      expect(() => epochBatches(pairs, 32, seed, 0)).toThrow(
        `epochBatches: seed must be an integer from 0 to 2147483647, got ${seed}`,
      );
  });

  test("full batches of one length need no mask; only what is left is padded", () => {
    const batches = epochBatches(pairs, 16, 1, 0);
    const padded = batches.filter((batch) => pairArrays(batch).sourceMask !== null);
    // At most 15 pairs of each of 12 lengths are left.
    expect(padded.flat().length).toBeLessThanOrEqual(12 * 15);
    expect(padded.length).toBeLessThan(batches.length / 2);
  });

  test("the order of the lengths is random too", () => {
    const lengths = epochBatches(pairs, 16, 1, 0).map((batch) => batch[0]!.source.length);
    expect(lengths).not.toEqual([...lengths].sort((a, b) => a - b));
  });

  test("no pairs make no batches", () => {
    expect(epochBatches([], 16, 1, 0)).toEqual([]);
  });
});

describe("arrays", () => {
  test("a pair becomes what the network reads: shifted targets, padding, masks", () => {
    const batch = pairArrays([{ source: [7, 8], target: [4, 5] }, { source: [9], target: [] }]); // prettier-ignore
    const lists = Object.fromEntries(Object.entries(batch).map(([name, a]) => [name, [...a!.data]]));
    expect(lists).toEqual({
      source: [7, 8, 9, 0],
      sourceMask: [1, 1, 1, 0],
      previous: [1, 4, 5, 1, 0, 0],
      target: [4, 5, 2, 2, 0, 0],
      targetMask: [1, 1, 1, 1, 0, 0],
    });
    expect(batch.previous.shape).toEqual([2, 3]);
  });

  test("sources of one length need no mask, unless one is wanted", () => {
    expect(sourceArrays([[3], [4]]).mask).toBeNull();
    expect([...sourceArrays([[3], [4]], 2, true).mask!.data]).toEqual([1, 0, 1, 0]);
    expect([...sourceArrays([[3], [4]], 1, true).mask!.data]).toEqual([1, 1]);
    expect(sourceArrays([[]]).source.shape).toEqual([1, 1]);
  });
});
