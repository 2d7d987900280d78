// First steps: the one-liner is the attention that it stands for.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/close.ts";
import { array } from "../core/ndarray.ts";
import { input } from "../core/ops/source.ts";
import { rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { evaluate } from "../engine/compile.ts";
import { attention } from "./dot-product/attention.ts";
import { scaledDotProduct, softmax } from "./index.ts";
import { causal } from "./masks/causal.ts";
import { sites } from "./observe/sites.ts";

describe("scaledDotProduct", () => {
  test("of (T, D) is softmax(Q K^T / sqrt(D)) V", async () => {
    const [query, keys, values] = [array([[2, 0]]), array([[1, 0], [0, 1]]), array([[10], [20]])]; // prettier-ignore
    const context = await evaluate(scaledDotProduct, query, keys, values);
    const first = 1 / (1 + Math.exp(-2 / Math.sqrt(2)));
    expect(context.shape).toEqual([1, 1]);
    expectClose(context.data as Float32Array, [10 * first + 20 * (1 - first)], { rtol: 1e-6, atol: 0 });
  });

  test("of (B, T, H, D) is attention, grouped heads and mask included", async () => {
    const draw = rng(1);
    const operands = [
      draw.normal([2, 3, 4, 8], 1),
      draw.normal([2, 3, 2, 8], 1),
      draw.normal([2, 3, 2, 5], 1),
    ] as const;
    const own = (q: Tensor, k: Tensor, v: Tensor): Tensor => scaledDotProduct(q, k, v, { mask: causal() });
    const whole = (q: Tensor, k: Tensor, v: Tensor): Tensor =>
      attention({ query: q, keys: k, values: v, mask: causal() }).context;
    expect((await evaluate(own, ...operands)).data).toEqual((await evaluate(whole, ...operands)).data);
  });

  test("a mask counts in (T, D) too", async () => {
    const x = array([[1, 0], [0, 1]]); // prettier-ignore
    const context = await evaluate((x: Tensor) => scaledDotProduct(x, x, x, { mask: causal() }), x);
    expectClose((context.data as Float32Array).slice(0, 2), [1, 0], { rtol: 0, atol: 0 });
  });

  test("is a site like any other", () => {
    const x = input([3, 2]);
    expect(sites((x: Tensor) => scaledDotProduct(x, x, x), x).map(({ site, shape }) => [site, shape])).toEqual([
      ["attention", [1, 1, 3, 3]],
    ]);
  });

  test("names the axis that disagrees, and refuses three axes and unknown options", () => {
    const x = input([3, 2]);
    expect(() => scaledDotProduct(x, input([4, 5]), x)).toThrow("axis D is 2 in query axis 1 but 5 in keys axis 1");
    expect(() => scaledDotProduct(input([1, 3, 2]), x, x)).toThrow(
      "query must be (T, D), or (B, T, H, D), got float32[1, 3, 2]. expandDims(x, 2) gives (B, T, D) one head.",
    );
    expect(() => scaledDotProduct(x, x, x, { causal: true } as object)).toThrow(
      'scaledDotProduct: options must be among mask, got "causal"',
    );
  });
});

test("softmax does not overflow", async () => {
  const weights = await evaluate(softmax, array([1000, 1001, -1000]));
  expectClose(weights.data as Float32Array, [1 / (1 + Math.E), Math.E / (1 + Math.E), 0], { rtol: 1e-6, atol: 0 });
});
