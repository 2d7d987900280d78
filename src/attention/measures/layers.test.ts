// Rollout against all paths, flow against all cuts, by hand, and what does not change them.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";
import { attentionFlow } from "./attention-flow.ts";
import { maxFlow } from "./max-flow.ts";
import { drawnWeights, elements, floats, headsReversed } from "./model.cases.ts";
import { rollout } from "./rollout.ts";

type Matrix = readonly (readonly number[])[];

/** A' of one row of the batch, written anew: residual I + (1 - residual) reduced heads, rows divided by their sum. */
function mixed(layer: NdArray, b: number, residual: number, reduce: (heads: readonly number[]) => number): Matrix {
  const [, H, T] = layer.shape as readonly [number, number, number];
  const data = elements(layer);
  return Array.from({ length: T }, (_, i) => {
    const row = Array.from({ length: T }, (_, j) => {
      const heads = Array.from({ length: H }, (_, h) => data[((b * H + h) * T + i) * T + j]!);
      return (1 - residual) * reduce(heads) + (i === j ? residual : 0);
    });
    const sum = row.reduce((x, y) => x + y, 0);
    return row.map((w) => w / sum);
  });
}
const reductions = {
  mean: (heads: readonly number[]): number => heads.reduce((a, b) => a + b, 0) / heads.length,
  max: (heads: readonly number[]): number => Math.max(...heads),
  min: (heads: readonly number[]): number => Math.min(...heads),
};

/** The sum over all paths from position i above to position j below of the products along them; layers from the top. */
function overPaths(layers: readonly Matrix[], i: number, j: number): number {
  const [top, ...rest] = layers;
  if (!top) return i === j ? 1 : 0;
  return top[i]!.reduce((sum, w, k) => sum + w * overPaths(rest, k, j), 0);
}

/** The least capacity of a cut between a position above and an input, over all sets of the other nodes. */
function leastCut(layers: readonly Matrix[], position: number, input: number): number {
  const T = layers[0]!.length;
  const L = layers.length;
  const [source, sink] = [L * T + position, input];
  let least = Infinity;
  for (let set = 0; set < 2 ** ((L + 1) * T); set++) {
    const has = (node: number): boolean => ((set >> node) & 1) === 1;
    if (!has(source) || has(sink)) continue;
    let cut = 0;
    layers.forEach((layer, l) =>
      layer.forEach((row, i) => row.forEach((w, j) => (has((l + 1) * T + i) && !has(l * T + j) ? (cut += w) : cut))),
    );
    least = Math.min(least, cut);
  }
  return least;
}

const layers = [drawnWeights([2, 3, 3, 3], 1), drawnWeights([2, 2, 3, 3], 2), drawnWeights([2, 3, 3, 3], 3)];
const settings = [
  { residual: 0.5, heads: "mean", from: 0 },
  { residual: 0, heads: "max", from: 0 },
  { residual: 0.3, heads: "min", from: 1 },
  { residual: 0.8, heads: "max", from: 2 },
] as const;

describe("rollout", () => {
  test("of two layers by hand", () => {
    // A'1 = I/2 + [[1/2, 1/2], [0, 1]]/2 = [[3/4, 1/4], [0, 1]]; A'2 = I/2 + [[0, 1], [1, 0]]/2 = [[1/2, 1/2], [1/2, 1/2]].
    // A'2 A'1 = [[3/8, 5/8], [3/8, 5/8]].
    const two = [floats([1, 1, 2, 2], [0.5, 0.5, 0, 1]), floats([1, 1, 2, 2], [0, 1, 1, 0])];
    expect(elements(rollout(two))).toEqual([3 / 8, 5 / 8, 3 / 8, 5 / 8]);
    // Without the residual: [[0, 1], [1, 0]] [[1/2, 1/2], [0, 1]].
    expect(elements(rollout(two, { residual: 0 }))).toEqual([0, 1, 0.5, 0.5]);
    expect(elements(rollout(two, { from: 1 }))).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(elements(rollout(two, { residual: 1 }))).toEqual([1, 0, 0, 1]);
  });

  test.each(settings)("is the sum over all paths: %o", (options) => {
    const got = rollout(layers, options);
    expect(got.shape).toEqual([2, 3, 3]);
    const expected = [0, 1].flatMap((b) => {
      const own = layers
        .slice(options.from)
        .map((layer) => mixed(layer, b, options.residual, reductions[options.heads]))
        .reverse();
      return [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => overPaths(own, i, j)));
    });
    expectClose(elements(got), expected, { rtol: 1e-6 });
  });

  test("rows sum to 1, and the order of heads does not matter", () => {
    for (const heads of ["mean", "max", "min"] as const) {
      const got = elements(rollout(layers, { heads }));
      const sums = [0, 1, 2, 3, 4, 5].map((row) => got[3 * row]! + got[3 * row + 1]! + got[3 * row + 2]!);
      expectClose(sums, sums.map(() => 1), { rtol: 1e-6 }); // prettier-ignore
      expectClose(elements(rollout(layers.map(headsReversed), { heads })), got, { rtol: 1e-6 });
    }
  });

  test("a position that looks at nothing stays itself, NaN is passed on", () => {
    const empty = floats([1, 1, 2, 2], [0, 0, 0.5, 0.5]);
    expect(elements(rollout([empty]))).toEqual([1, 0, 0.25, 0.75]);
    expect(elements(rollout([empty], { residual: 0 }))).toEqual([0, 0, 0.5, 0.5]);
    const odd = floats([1, 1, 2, 2], [1, 0, NaN, 1]);
    expect(elements(rollout([odd, floats([1, 1, 2, 2], [1, 0, 0, 1])])).slice(2)).toEqual([NaN, NaN]);
  });
});

describe("attentionFlow", () => {
  test("of two layers by hand", () => {
    // The layers of rollout above. Position 0 has pipes of 1/2 to both middle positions; input 0 hangs on middle 0 by 3/4,
    // input 1 on middle 0 by 1/4 and on middle 1 by 1: flows min(1/2, 3/4) and min(1/2, 1/4) + min(1/2, 1).
    const two = [floats([1, 1, 2, 2], [0.5, 0.5, 0, 1]), floats([1, 1, 2, 2], [0, 1, 1, 0])];
    expect(elements(attentionFlow(two, 0))).toEqual([0.5, 0.75]);
    // One layer is its own row.
    expect(elements(attentionFlow(two, 0, { from: 1, residual: 0.25 }))).toEqual([0.25, 0.75]);
  });

  test.each(settings)("is the least cut: %o", (options) => {
    for (const position of [0, 2]) {
      const expected = [0, 1].flatMap((b) => {
        const own = layers
          .slice(options.from)
          .map((layer) => mixed(layer, b, options.residual, reductions[options.heads]));
        return [0, 1, 2].map((input) => leastCut(own, position, input));
      });
      const got = attentionFlow(layers, position, options);
      expect(got.shape).toEqual([2, 3]);
      expectClose(elements(got), expected, { rtol: 1e-6 });
    }
  });

  test("is at least what rollout gives, at most 1, and does not depend on the order of heads", () => {
    const big = [4, 5, 6, 7].map((seed) => drawnWeights([1, 4, 12, 12], seed));
    const flow = elements(attentionFlow(big, 3));
    elements(rollout(big))
      .slice(36, 48)
      .forEach((share, j) => expect(flow[j]!).toBeGreaterThanOrEqual(share - 1e-6));
    expect(Math.max(...flow)).toBeLessThanOrEqual(1 + 1e-6);
    expectClose(elements(attentionFlow(big.map(headsReversed), 3)), flow, { rtol: 1e-6 });
  });
});

test("maxFlow is the least cut of any network, and may be asked again", () => {
  const [nodes, edges] = [7, 18];
  for (let seed = 0; seed < 30; seed++) {
    const draw = rng(seed);
    const pick = (): Int32Array => Int32Array.from({ length: edges }, () => draw.integer(nodes));
    const network = {
      nodeCount: nodes,
      tails: pick(),
      heads: pick(),
      capacities: Float64Array.from({ length: edges }, () => draw.integer(9) / 7),
    };
    const flow = maxFlow(network);
    for (const [source, sink] of [
      [0, 6],
      [6, 0],
      [0, 6],
    ] as const) {
      let least = Infinity;
      for (let set = 0; set < 2 ** nodes; set++) {
        const has = (node: number): boolean => ((set >> node) & 1) === 1;
        if (!has(source) || has(sink)) continue;
        let cut = 0;
        network.capacities.forEach((c, e) => (cut += has(network.tails[e]!) && !has(network.heads[e]!) ? c : 0));
        least = Math.min(least, cut);
      }
      expect(flow(source, sink)).toBeCloseTo(least, 12);
    }
  }
});
