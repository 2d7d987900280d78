// The tile table: what a mask surely blocks is not computed, and nothing else changes.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { array, type NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { equal, less, or as either } from "../../core/ops/compare.ts";
import { gather } from "../../core/ops/gather.ts";
import { sum } from "../../core/ops/reduce.ts";
import { cast } from "../../core/ops/select.ts";
import { floor } from "../../core/ops/unary.ts";
import { constant, input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import { topological, type Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { and, not, or } from "../masks/algebra.ts";
import { allow } from "../masks/allow.ts";
import { causal } from "../masks/causal.ts";
import { lengths } from "../masks/lengths.ts";
import type { Mask } from "../masks/mask.ts";
import { maskMod } from "../masks/mask-mod.ts";
import { window } from "../masks/window.ts";
import { attention, type AttentionOptions } from "./attention.ts";
import { tileGroups, tileTable } from "./tiles.ts";

const T = 600;
const chunk = (x: Tensor, size: number): Tensor => floor(mul(add(cast(x, "float32"), 0.5), 1 / size));
const diagonal = maskMod(({ query, key }) => equal(chunk(query, 100), chunk(key, 100)), { name: "diagonal" });
const distant = maskMod(({ query, key }) => either(less(key, 40), equal(chunk(query, 100), chunk(key, 100))));
const masks: Readonly<Record<string, () => Mask>> = {
  "a block diagonal": () => diagonal,
  "global keys and a block diagonal": () => distant,
  "global keys and a sliding window": () =>
    or(
      window({ left: 30, right: 0 }),
      maskMod(({ query, key }) => either(less(key, 10), less(query, 3))),
    ),
  "causal and a function": () => and(causal(), distant),
  "lengths and a function": () => and(lengths(array(Int32Array.of(0, 450))), distant),
  "all but a window": () => and(causal(), not(window({ left: 200, right: 0 }))),
  "stored bits": () => allow(array(Uint8Array.from({ length: T * T }, (_, i) => Number((i % T >> 6) % 4 === 0 || Math.floor(i / T) === i % T)), { dtype: "bool", shape: [T, T] })), // prettier-ignore
};

type Rest = Omit<AttentionOptions, "query" | "keys" | "values">;
const attend =
  (rest: () => Rest) =>
  (query: Tensor, keys: Tensor, values: Tensor, seed: Tensor): readonly Tensor[] => {
    const { context } = attention({ query, keys, values, ...rest() });
    return [context, ...gradients(sum(mul(context, seed)), [query, keys, values])];
  };
const draw = rng(3);
const given = [[2, T, 2, 8], [2, T, 2, 8], [2, T, 2, 5], [2, T, 2, 5]].map((shape) => draw.normal(shape, 1)) as unknown as readonly [NdArray, NdArray, NdArray, NdArray]; // prettier-ignore

/** Operations of a graph, loops with all their steps. */
function work(rest: Rest): number {
  const [q, k, v] = [8, 8, 5].map((size) => input([2, T, 2, size])) as unknown as readonly [Tensor, Tensor, Tensor];
  const nodes = topological([attention({ query: q, keys: k, values: v, lowering: "blocked", ...rest }).context]);
  return nodes.reduce((n, { op, inputs, outputs, attrs }) => n + (op.name === "scan" ? op.flops!(inputs, outputs, attrs) : 0), 0); // prettier-ignore
}

describe.each(Object.entries(masks))("%s", (_name, mask) => {
  test("in tiles as in one piece, gradients too", async () => {
    const plain = await evaluate(
      attend(() => ({ mask: mask(), lowering: "plain" })),
      ...given,
    );
    const tiled = await evaluate(
      attend(() => ({ mask: mask(), lowering: "blocked" })),
      ...given,
    );
    tiled.forEach((a, i) => expectClose(a.data as Float32Array, plain[i]!.data as Float32Array, { rtol: 1e-5, atol: 2e-6 })); // prettier-ignore
  });
});

test.each([
  ["a block diagonal", 0.5],
  ["global keys and a block diagonal", 0.6],
  ["stored bits", 0.7],
] as const)("tiles that are blocked are not computed: %s", (name, share) => {
  expect(work({ mask: masks[name]!() }) / work({})).toBeLessThan(share);
});

test("the function on scores sees the positions that it sees otherwise", async () => {
  const rest = (lowering: "plain" | "blocked") => (): Rest => ({
    lowering,
    mask: distant,
    softCap: 3,
    scoreMod: (scores, { query, key }) => add(scores, mul(cast(add(key, mul(query, -1)), "float32"), 0.01)),
  });
  const plain = await evaluate(attend(rest("plain")), ...given);
  const tiled = await evaluate(attend(rest("blocked")), ...given);
  tiled.forEach((a, i) => expectClose(a.data as Float32Array, plain[i]!.data as Float32Array, { rtol: 1e-5, atol: 2e-6 })); // prettier-ignore
});

test.each(["query", "key"] as const)("the function on scores may look each %s up in a table", async (which) => {
  const table = rng(8).normal([T], 1);
  const rest = (lowering: "plain" | "blocked") => (): Rest => ({
    lowering,
    mask: diagonal,
    scoreMod: (scores, at) => add(scores, gather(constant(table), at[which])),
  });
  const plain = await evaluate(attend(rest("plain")), ...given);
  const tiled = await evaluate(attend(rest("blocked")), ...given);
  tiled.forEach((a, i) => expectClose(a.data as Float32Array, plain[i]!.data as Float32Array, { rtol: 1e-5, atol: 2e-6 })); // prettier-ignore
});

describe("the table", () => {
  const sizes = { batchSize: 1, headCount: 1, queryLength: 256, keyLength: 256 };
  const blocks = { size: 64, count: 4 };

  test("holds a tile of which any pair is allowed", () => {
    const far = maskMod(({ query, key }) => equal(add(query, 130), key));
    expect(tileTable({ mask: far, sizes }, blocks)).toEqual([[2, 3], [3], [], []]);
    expect(tileTable({ mask: and(causal(), not(far)), sizes }, blocks)).toEqual([[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]);
  });

  test("is not made where ranges say it all, or the mask comes with the inputs", () => {
    const fromInput = maskMod(({ key }) => less(key, input([], "int32")));
    for (const mask of [null, causal(), window({ left: 3, right: 1 }), lengths(array(Int32Array.of(7))), fromInput])
      expect(tileTable({ mask, sizes }, blocks)).toBeNull();
    expect(tileTable({ mask: maskMod(({ key }) => less(key, constant(9, "int32"))), sizes }, blocks)).toBeNull();
  });

  test("becomes few groups of blocks with as many tiles each", () => {
    expect(tileGroups([[2, 3], [3], [], [0, 1]])).toEqual([
      { blocks: [2, 1], tiles: [[-1], [3]] },
      { blocks: [0, 3], tiles: [[2, 3], [0, 1]] }, // prettier-ignore
    ]);
    const growing = Array.from({ length: 40 }, (_, i) => Array.from({ length: i + 1 }, (_x, tile) => tile));
    const groups = tileGroups(growing);
    expect(groups.length).toBeLessThanOrEqual(8);
    expect(groups.flatMap((group) => group.blocks).sort((a, b) => a - b)).toEqual(growing.map((_, i) => i));
  });
});

test("a row without keys is uniform over all of them, in blocks too", async () => {
  const rest = (lowering: "plain" | "blocked") => (): Rest => ({ lowering, emptyRows: "uniform", mask: and(distant, window({ left: 60, right: 0 }), maskMod(({ query }) => less(query, 500))) }); // prettier-ignore
  const [plain] = await evaluate(attend(rest("plain")), ...given);
  const [blocked] = await evaluate(attend(rest("blocked")), ...given);
  expectClose(blocked!.data as Float32Array, plain!.data as Float32Array, { rtol: 1e-5 });
});
