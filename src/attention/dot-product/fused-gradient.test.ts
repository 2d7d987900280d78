// The gradient of fused kernels, however it is cut: that of the same attention in primitives.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { array, type NdArray } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { and } from "../masks/algebra.ts";
import { causal } from "../masks/causal.ts";
import { lengths } from "../masks/lengths.ts";
import type { Mask } from "../masks/mask.ts";
import { attention } from "./attention.ts";
import { cutOf, type Cut } from "./cut.ts";
import { fusedGradients } from "./fused-gradient.ts";
import { rulesOf } from "./resolve.ts";

const [B, H, D, E] = [2, 4, 8, 5];
const real = array(Int32Array.of(23, 0));

type Case = readonly [name: string, sizes: readonly [T: number, S: number], mask: (() => Mask) | null];
const cases: readonly Case[] = [
  ["no mask", [21, 34], null],
  ["causal", [40, 40], () => causal()],
  ["lengths, one of them 0", [21, 34], () => lengths(real)],
  ["causal and lengths", [34, 34], () => and(causal(), lengths(real))],
];
// One block a chunk, several blocks a chunk (more than 16 blocks of a causal mask), and all at once.
const cuts: readonly (readonly [string, (T: number) => Cut])[] = [
  ["as a whole", (T) => ({ batch: B, heads: H, rows: T, blocks: 1 })],
  ["rows of the batch, blocks of 10", (T) => ({ batch: 1, heads: H, rows: 10, blocks: Math.ceil(T / 10) })],
  ["pairs of heads, blocks of 10", (T) => ({ batch: 1, heads: 2, rows: 10, blocks: Math.ceil(T / 10) })],
  ["single heads, blocks of 2", (T) => ({ batch: 1, heads: 1, rows: 2, blocks: Math.ceil(T / 2) })],
];

describe.each(cases)("%s", (_name, [T, S], mask) => {
  const draw = rng(5);
  const given = [[B, T, H, D], [B, S, H, D], [B, S, H, E], [B, T, H, E]].map((shape) => draw.normal(shape, 1)) as unknown as readonly [NdArray, NdArray, NdArray, NdArray]; // prettier-ignore
  const options = (query: Tensor, keys: Tensor, values: Tensor) => ({ query, keys, values, ...(mask ? { mask: mask() } : {}) }); // prettier-ignore

  test.each(cuts)("%s", async (_cut, cut) => {
    const expected = await evaluate(
      (query: Tensor, keys: Tensor, values: Tensor, g: Tensor) => {
        const { context } = attention({ ...options(query, keys, values), lowering: "plain" });
        return [...gradients(context, [query, keys, values], g)];
      },
      ...given,
    );
    const found = await evaluate(
      (query: Tensor, keys: Tensor, values: Tensor, g: Tensor) => {
        const all = options(query, keys, values);
        const { context } = attention({ ...all, lowering: "plain" });
        return [...fusedGradients([query, keys, values], { context, g }, rulesOf(all), cut(T))];
      },
      ...given,
    );
    found.forEach((a, i) => {
      expect(a.shape).toEqual(expected[i]!.shape);
      expectClose(a.data as Float32Array, expected[i]!.data as Float32Array, { rtol: 1e-5, atol: 2e-6 });
    });
  });
});

test("has a gradient itself: that of the gradient in primitives", async () => {
  const draw = rng(9);
  const given = Array.from({ length: 4 }, () => draw.normal([1, 20, 2, 8], 1)) as unknown as readonly [NdArray, NdArray, NdArray, NdArray]; // prettier-ignore
  const twice =
    (lowering: "plain" | "fused") =>
    (query: Tensor, keys: Tensor, values: Tensor, g: Tensor): readonly Tensor[] => {
      const { context } = attention({ query, keys, values, mask: causal(), lowering });
      const [first] = gradients(context, [query], g);
      return [...gradients(sum(mul(first!, first!)), [query, keys, values, g])];
    };
  const [plain, fused] = [await evaluate(twice("plain"), ...given), await evaluate(twice("fused"), ...given)];
  fused.forEach((a, i) => expectClose(a.data as Float32Array, plain[i]!.data as Float32Array, { rtol: 1e-4, atol: 1e-5 })); // prettier-ignore
});

test("heads are cut before rows, and always into equal groups", () => {
  const sizes = { batchSize: 1, headCount: 12, queryLength: 4096, keyLength: 4096 };
  expect(cutOf(sizes)).toEqual({ batch: 1, heads: 1, rows: 256, blocks: 16 });
  expect(cutOf({ ...sizes, queryLength: 2048, keyLength: 2048 })).toEqual({ batch: 1, heads: 2, rows: 256, blocks: 8 });
  expect(cutOf({ ...sizes, queryLength: 40, keyLength: 40 })).toEqual({ batch: 1, heads: 12, rows: 40, blocks: 1 });
  expect(cutOf({ ...sizes, keyLength: 65536 })).toMatchObject({ heads: 1, rows: 64 });
  expect(cutOf({ ...sizes, headCount: 7, queryLength: 1000, keyLength: 1000 })).toMatchObject({ heads: 1 });
  const short = { batchSize: 32, headCount: 12, queryLength: 128, keyLength: 128 };
  expect(cutOf(short)).toEqual({ batch: 4, heads: 12, rows: 128, blocks: 1 });
  expect(cutOf({ ...sizes, queryLength: 0, keyLength: 0 })).toEqual({ batch: 1, heads: 12, rows: 1, blocks: 1 });
});
