// Scaled dot-product attention: every lowering gives what primitives give, in results and gradients.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { cast } from "../../core/ops/select.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant, input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile } from "../../engine/compile.ts";
import { and } from "../masks/algebra.ts";
import { causal } from "../masks/causal.ts";
import { lengths } from "../masks/lengths.ts";
import type { Mask } from "../masks/mask.ts";
import { window } from "../masks/window.ts";
import { chunksOf } from "./chunks.ts";
import { attention, type AttentionOptions } from "./attention.ts";
import type { Lowering } from "./lowering.ts";

interface Sizes {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly G: number;
  readonly D: number;
  readonly E: number;
}

// Three blocks of queries, the last of which is filled up.
const square: Sizes = { B: 2, T: 530, S: 530, H: 2, G: 2, D: 8, E: 8 };

function operands({ B, T, S, H, G, D, E }: Sizes, seed = 1): readonly NdArray[] {
  const draw = rng(seed);
  return [draw.normal([B, T, H, D], 1), draw.normal([B, S, G, D], 1), draw.normal([B, S, G, E], 1)];
}

type Rest = Omit<AttentionOptions, "query" | "keys" | "values" | "lowering">;

/** The context, and the gradients of a weighted sum of it. */
async function run(
  given: readonly NdArray[],
  lowering: Lowering | undefined,
  rest: () => Rest = () => ({}),
  device: "cpu" | "wasm" = "cpu",
): Promise<readonly Float32Array[]> {
  const fn = (query: Tensor, keys: Tensor, values: Tensor, seed: Tensor): readonly Tensor[] => {
    const { context } = attention({ query, keys, values, ...rest(), ...(lowering ? { lowering } : {}) });
    return [context, ...gradients(sum(mul(context, seed)), [query, keys, values])];
  };
  const [q, , v] = given as readonly [NdArray, NdArray, NdArray];
  const seed = rng(9).normal([...q.shape.slice(0, 3), v.shape[3]!], 1);
  await using compiled = compile(fn, { device });
  const call = compiled as unknown as (...args: readonly NdArray[]) => Promise<readonly NdArray[]>;
  return (await call(...given, seed)).map((a) => a.data as Float32Array);
}

const close = { rtol: 1e-4, atol: 2e-6 };

async function expectSame(given: readonly NdArray[], lowering: Lowering, rest?: () => Rest): Promise<void> {
  const plain = await run(given, "plain", rest);
  const other = await run(given, lowering, rest);
  other.forEach((values, i) => expectClose(values, plain[i]!, close));
}

const cases: Readonly<Record<string, readonly [Sizes, () => Rest]>> = {
  "no mask": [square, () => ({})],
  causal: [square, () => ({ mask: causal({}) })],
  "causal, at the end": [{ ...square, T: 300 }, () => ({ mask: causal({ align: "end" }) })],
  "causal, at the start, more queries than keys": [{ ...square, S: 300 }, () => ({ mask: causal({ align: "start" }) })],
  "a window": [square, () => ({ mask: window({ left: 3, right: 1 }) })],
  "lengths, one of them 0": [square, () => ({ mask: lengths(new NdArray("int32", [2], Int32Array.of(0, 321))) })],
  "causal and lengths": [
    square,
    () => ({ mask: and(causal({}), lengths(new NdArray("int32", [2], Int32Array.of(5, 530)))) }),
  ],
  "grouped heads, another value size": [{ ...square, G: 1, E: 5 }, () => ({ mask: causal({}) })],
  "a soft cap and a scale": [square, () => ({ softCap: 2, scale: 0.5 })],
  "a function on scores": [
    square,
    () => ({
      mask: causal({}),
      scoreMod: (scores, { query, key }) => add(scores, mul(cast(add(key, mul(query, -1)), "float32"), 0.1)),
    }),
  ],
};

describe.each(Object.entries(cases))("%s", (_name, [sizes, rest]) => {
  test("in blocks as in one piece", () => expectSame(operands(sizes), "blocked", rest));
});

test.each([
  ["without a mask", square, () => ({})],
  ["without a mask, more keys", { ...square, S: 550, E: 5 }, () => ({})],
  ["causal", square, () => ({ mask: causal({}) })],
  ["causal, grouped heads", { ...square, G: 1 }, () => ({ mask: causal({}) })],
] as const)("the fused kernel as primitives: %s", (_name, sizes, rest) => expectSame(operands(sizes), "fused", rest));

describe("the fused kernels of rows of several lengths", () => {
  const threeRows: Sizes = { ...square, B: 3, T: 70, S: 70 };
  const real = (): NdArray => new NdArray("int32", [3], Int32Array.of(0, 33, 70));
  const padded: readonly (readonly [string, Sizes, () => Rest])[] = [
    ["lengths", threeRows, () => ({ mask: lengths(real()) })],
    ["lengths, other sizes", { ...threeRows, S: 90, G: 1, E: 5 }, () => ({ mask: lengths(real()) })],
    [
      "lengths, one row",
      { ...threeRows, B: 1 },
      () => ({ mask: lengths(new NdArray("int32", [1], Int32Array.of(9))) }),
    ],
    ["two lengths", threeRows, () => ({ mask: and(lengths(real()), lengths(constant(real()))) })],
    ["causal and lengths", threeRows, () => ({ mask: and(causal({}), lengths(real())) })],
  ];

  test.each(padded)("as primitives: %s", (_name, sizes, rest) => expectSame(operands(sizes), "fused", rest));

  test.each([
    ["lengths", (x: Tensor) => lengths(x)],
    ["causal and lengths", (x: Tensor) => and(causal({}), lengths(x))],
  ] as const)("lengths that come when the graph runs, without a leak from padding: %s", async (_name, mask) => {
    const [q, k, v] = operands(threeRows) as unknown as readonly [NdArray, NdArray, NdArray];
    const spoilt = [q, k, v].map((x) => new NdArray("float32", x.shape, Float32Array.from(x.data as Float32Array)));
    const row = 70 * 2 * 8;
    // All of the first row, and the padding of the second.
    for (const x of spoilt) (x.data as Float32Array).fill(NaN, 0, row);
    for (const x of spoilt.slice(1)) (x.data as Float32Array).fill(NaN, row + 33 * 16, 2 * row);
    for (const device of ["cpu", "wasm"] as const) {
      const context = async (given: readonly NdArray[], lowering: Lowering): Promise<Float32Array> => {
        await using compiled = compile(
          (query: Tensor, keys: Tensor, values: Tensor, x: Tensor) =>
            attention({ query, keys, values, mask: mask(x), lowering }).context,
          { device },
        );
        return (await compiled(...(given as [NdArray, NdArray, NdArray]), real())).data as Float32Array;
      };
      expectClose(await context(spoilt, "fused"), await context([q, k, v], "plain"), close);
    }
  });

  test("a row without keys that is uniform has none", () => {
    const [query, keys, values] = operands(threeRows).map((a) => input(a.shape)) as [Tensor, Tensor, Tensor];
    const given = { query, keys, values, mask: lengths(real()), emptyRows: "uniform", lowering: "fused" } as const;
    expect(() => attention(given)).toThrow("the fused kernels must compute this attention");
  });
});

test("keys that the mask surely blocks are skipped", () => {
  const sizes = { batchSize: 1, headCount: 1, queryLength: 1024, keyLength: 1024 };
  const cost = (mask: Mask | null): number =>
    chunksOf({ mask, sizes }, 64, 16).reduce((n, c) => n + c.blockCount * (c.to - c.from), 0) / (16 * 1024);
  expect(cost(null)).toBe(1);
  expect(chunksOf({ mask: null, sizes }, 64, 16)).toHaveLength(1);
  expect(cost(causal({}))).toBeLessThan(0.54);
  expect(cost(window({ left: 64, right: 0 }))).toBeLessThan(0.13);
});

test("a fused kernel is refused where there is none", () => {
  const [q, k, v] = operands(square).map((a) => input(a.shape)) as unknown as [Tensor, Tensor, Tensor];
  const mask: Mask = window({ left: 2, right: 0 });
  expect(() => attention({ query: q, keys: k, values: v, mask, lowering: "fused" })).toThrow(
    "attention: the fused kernels must compute this attention, got one that they do not",
  );
});
