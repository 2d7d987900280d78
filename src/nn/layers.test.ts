// The small layers: what dropout keeps, what each layer begins as, and how it refuses.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/close.ts";
import { array, NdArray } from "../core/ndarray.ts";
import { relu } from "../core/ops/unary.ts";
import { fill, input } from "../core/ops/source.ts";
import { randomKey, rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { leaves } from "../core/tree.ts";
import { evaluate } from "../engine/compile.ts";
import { dropout, type DropoutOptions } from "./dropout.ts";
import { embedding, initEmbedding } from "./embedding.ts";
import { feedForward, initFeedForward } from "./feed-forward.ts";
import { initLayerNorm, layerNorm } from "./layer-norm.ts";
import { linear } from "./linear.ts";

const numbers = (a: NdArray): readonly number[] => [...(a.data as Float32Array)];

describe("dropout", () => {
  const dropped = async (
    shape: readonly number[],
    options: Omit<DropoutOptions, "key">,
    seed = 1,
  ): Promise<readonly number[]> =>
    numbers(await evaluate((key: Tensor) => dropout(fill(shape, 2), { ...options, key }), randomKey(seed)));

  test("does nothing at rate 0 and without a key", () => {
    const x = input([2, 3]);
    expect(dropout(x, { rate: 0, key: input([2], "int32") })).toBe(x);
    expect(dropout(x, { rate: 0.5, key: null })).toBe(x);
  });

  test("zeroes about as many as it should and scales the rest, so that the mean stays", async () => {
    const rate = 0.3;
    const values = await dropped([200, 100], { rate });
    const kept = values.filter((v) => v !== 0);
    // Five standard deviations of 20000 draws.
    expect(Math.abs(kept.length / values.length - (1 - rate))).toBeLessThan(
      5 * Math.sqrt((rate * (1 - rate)) / values.length),
    );
    expect(kept.every((v) => Math.abs(v - 2 / (1 - rate)) < 1e-4)).toBe(true);
  });

  test("the expectation is exact for rates that 1/65536 does not divide", async () => {
    const values = await dropped([4], { rate: 1 - 2.5 / 65536 });
    expect(values.every((v) => v === 0 || v === (2 * 65536) / 3)).toBe(true);
  });

  test("is a function of the key", async () => {
    expect(await dropped([50], { rate: 0.5 })).toEqual(await dropped([50], { rate: 0.5 }));
    expect(await dropped([50], { rate: 0.5 })).not.toEqual(await dropped([50], { rate: 0.5 }, 2));
  });

  test("shares one decision over the axes that it is told", async () => {
    const values = await dropped([8, 5, 4], { rate: 0.5, sharedAxes: [1] });
    const at = (b: number, t: number, k: number): number => values[(b * 5 + t) * 4 + k]!;
    for (let b = 0; b < 8; b++)
      for (let k = 0; k < 4; k++) for (let t = 1; t < 5; t++) expect(at(b, t, k)).toBe(at(b, 0, k));
    expect(new Set(values).size).toBe(2);
  });

  test.each([
    [{ rate: 1 }, "dropout: rate must lie in 0 <= rate < 1, got 1"],
    [{ rate: -0.1 }, "got -0.1"],
    [{ rate: NaN }, "got NaN"],
    [{ rate: 1 - 1e-9 }, "dropout: rate must be at most 1 - 1/65536"],
    [{ rate: 0.5, sharedAxes: [3] }, "dropout: axis must be an integer from -2 to 1, got 3"],
    [{ rate: 0.5, training: true }, 'dropout: options must be among rate, key, sharedAxes, got "training"'],
  ])("refuses %o", (options, message) => {
    expect(() => dropout(input([2, 3]), { key: input([2], "int32"), ...options })).toThrow(message);
  });
});

describe("linear, embedding, layer norm and feed-forward", () => {
  test("linear maps the last axis, whatever stands before it", async () => {
    const p = { weight: array([[1, 2, 3], [4, 5, 6]]), bias: array([10, 20, 30]) }; // prettier-ignore
    for (const lead of [[], [1], [2, 1]]) {
      const x = new NdArray("float32", [...lead, 2], new Float32Array(lead.reduce((a, b) => a * b, 1) * 2).fill(1));
      const y = await evaluate(linear, p, x);
      expect(y.shape).toEqual([...lead, 3]);
      expect(numbers(y).slice(0, 3)).toEqual([15, 27, 39]);
    }
  });

  test("an index outside the table is refused when it runs", async () => {
    const table = initEmbedding({ count: 3, size: 2 }, rng(1));
    await expect(evaluate(embedding, table, array([3], { dtype: "int32" }))).rejects.toThrow(
      "indices element out of data bounds",
    );
  });

  test("layer norm begins as the plain normalisation", async () => {
    const y = await evaluate(layerNorm, initLayerNorm({ size: 4 }), array([[1, 2, 3, 4]]));
    expectClose(numbers(y), [-1.3416354, -0.4472118, 0.4472118, 1.3416354], { rtol: 1e-6 });
  });

  test("feed-forward is contract(activation(expand(x)))", async () => {
    const p = initFeedForward({ size: 3, innerSize: 5 }, rng(2));
    const x = rng(3).normal([2, 3], 1);
    const run = evaluate as unknown as (...args: readonly unknown[]) => Promise<readonly NdArray[]>;
    const by = (q: never, y: Tensor): readonly Tensor[] => {
      const { expand, contract } = q as { readonly expand: never; readonly contract: never };
      return [feedForward(q, y, relu), linear(contract, relu(linear(expand, y)))];
    };
    const [a, b] = await run(by, p, x);
    expect(a!.data).toEqual(b!.data);
    expect(
      leaves<NdArray>(initFeedForward({ size: 3 }, rng(2))).map(([path, q]) => `${path} ${q.shape.join()}`),
    ).toEqual(["expand.weight 3,12", "expand.bias 12", "contract.weight 12,3", "contract.bias 3"]);
  });

  test.each([
    [
      "layer norm's epsilon",
      () => layerNorm({ scale: input([2]), bias: input([2]) }, input([2]), { eps: 1 } as never),
      'options must be among epsilon, got "eps"',
    ],
    ["an embedding's dtype", () => embedding({ weight: input([3, 2]) }, input([2])), "indices must be int32"],
    ["linear's sizes", () => linear({ weight: input([3, 2]) }, input([2, 4])), "float32[2, 4]"],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
