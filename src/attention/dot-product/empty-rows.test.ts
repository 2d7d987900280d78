// emptyRows: "throw": refused while the graph is built where the mask is known then, else NaN at a place that is named.

import { describe, expect, test } from "vitest";
import { array, type NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { less } from "../../core/ops/compare.ts";
import { input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { describeNotFinite, findNotFinite } from "../../engine/diagnose.ts";
import { allow } from "../masks/allow.ts";
import { and } from "../masks/algebra.ts";
import { causal } from "../masks/causal.ts";
import { keyPadding } from "../masks/key-padding.ts";
import { lengths } from "../masks/lengths.ts";
import type { Mask } from "../masks/mask.ts";
import { maskMod } from "../masks/mask-mod.ts";
import { attention } from "./attention.ts";

const [B, T, S, H, D] = [2, 5, 6, 2, 4];
const traced = (mask: Mask, keyLength = S): (() => unknown) => {
  const keys = input([B, keyLength, H, D]);
  return () => attention({ query: input([B, T, H, D]), keys, values: keys, mask, emptyRows: "throw" });
};

describe("known while the graph is built", () => {
  const bits = (n: number, shape: readonly number[], blocked: (i: number) => boolean): NdArray =>
    array(
      Uint8Array.from({ length: n }, (_, i) => Number(!blocked(i))),
      { dtype: "bool", shape },
    );
  // Head 1 of batch 1 has nothing for query 3.
  const stored = bits(B * H * T * S, [B, H, T, S], (i) => Math.floor(i / S) === (1 * H + 1) * T + 3);
  test.each<[name: string, mask: Mask, message: string, keyLength?: number]>([
    ["a length of 0", lengths(array(Int32Array.of(3, 0))), "none for batch 1, every head, query 0 under lengths"],
    [
      "a row of padding",
      keyPadding(bits(B * S, [B, S], (i) => i >= S)),
      "none for batch 1, every head, query 0 under keyPadding",
    ],
    ["a stored mask", allow(stored), "none for batch 1, head 1, query 3 under allow"],
    [
      "a function of positions",
      maskMod(({ query, key }) => less(key, query)),
      "none for batch 0, every head, query 0 under maskMod",
    ],
    ["causal at the end, more queries", causal({ align: "end" }), "none for query 0 under causal(align: end)", 3],
    [
      "a conjunction",
      and(
        causal({ align: "start" }),
        maskMod(({ key }) => less(2, key)),
      ),
      "none for batch 0, every head, query 0 under and(causal",
    ],
    ["no keys", allow(input([], "bool")), "no keys at all", 0],
  ])("%s is refused with the row", (_name, mask, message, keyLength) => {
    expect(traced(mask, keyLength)).toThrow(
      `attention: every query must have a key that it may look at, by emptyRows: "throw", got ${message}`,
    );
  });

  test("rows that have keys pass, and nothing is added to the graph", async () => {
    const draw = rng(1);
    const given = [draw.normal([B, S, H, D], 1), draw.normal([B, S, H, D], 1)] as const;
    const masks = [causal(), lengths(array(Int32Array.of(1, 6))), maskMod(({ query, key }) => less(key, add(query, 1))), null]; // prettier-ignore
    for (const mask of masks) {
      const attend = (emptyRows: "zero" | "throw") => (query: Tensor, keys: Tensor) =>
        attention({ query, keys, values: keys, emptyRows, ...(mask ? { mask } : {}) }).context;
      const [thrown, zero] = [await evaluate(attend("throw"), ...given), await evaluate(attend("zero"), ...given)];
      expect([...(thrown.data as Float32Array)]).toEqual([...(zero.data as Float32Array)]);
    }
  });
});

describe("known only when the graph runs", () => {
  const size = 600; // in blocks
  const draw = rng(2);
  const given = (length: number) => [draw.normal([B, length, 8, D], 1), draw.normal([B, length, 8, D], 1), array(Int32Array.of(length, 0))] as const; // prettier-ignore
  const attend = (emptyRows: "zero" | "throw") => (query: Tensor, keys: Tensor, n: Tensor) =>
    scope(
      "encoder.0",
      () => attention({ query, keys, values: keys, mask: lengths(n), emptyRows, site: "self" }).context,
    );

  test.each([S, size])("the row is NaN and the others are untouched, of %i queries", async (length) => {
    const inputs = given(length);
    const zero = (await evaluate(attend("zero"), ...inputs)).data as Float32Array;
    const thrown = (await evaluate(attend("throw"), ...inputs)).data as Float32Array;
    const half = zero.length / 2;
    expect([...thrown.subarray(0, half)]).toEqual([...zero.subarray(0, half)]);
    expect(thrown.subarray(half).every(Number.isNaN)).toBe(true);
  });

  test("findNotFinite names the attention, batch, query and head", async () => {
    const found = await findNotFinite(attend("throw"), [...given(S)] as never);
    expect(found).toMatchObject({ scope: "encoder.0.self.emptyRows", shape: [B, S, 8, 1], at: [1, 0, 0, 0] });
    expect(describeNotFinite(found!)).toContain("encoder.0.self.emptyRows/div gave NaN at [1, 0, 0, 0]");
  });
});

test("an unknown policy is refused", () => {
  const x = input([1, 2, 1, 4]);
  expect(() => attention({ query: x, keys: x, values: x, emptyRows: "nan" as never })).toThrow(
    "attention: emptyRows must be zero, uniform or throw, got nan",
  );
});
