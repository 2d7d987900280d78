import { describe, expect, test } from "vitest";
import { array } from "../src/core/ndarray.ts";
import { valueAndGrad } from "../src/core/grad.ts";
import { add } from "../src/core/ops/binary.ts";
import { matmul } from "../src/core/ops/matmul.ts";
import { random } from "../src/core/ops/random.ts";
import { mean } from "../src/core/ops/reduce.ts";
import { tanh } from "../src/core/ops/unary.ts";
import { randomKey } from "../src/core/random.ts";
import type { Tensor } from "../src/core/tensor.ts";
import { compile, evaluate } from "../src/engine/compile.ts";

describe("compile", () => {
  test("runs a function over trees and its gradient", async () => {
    const loss = (p: { w: Tensor; b: Tensor }, x: Tensor): Tensor => mean(tanh(add(matmul(x, p.w), p.b)));
    const step = compile((p: { w: Tensor; b: Tensor }, x: Tensor) => valueAndGrad(loss)(p, x), { device: "cpu" });
    const p = { w: array([[0.5], [-0.25]]), b: array([0.1]) };
    const x = array([
      [1, 2],
      [3, 4],
    ]);
    const { value, grad } = await step(p, x);
    const z = [0.5 - 0.5 + 0.1, 1.5 - 1 + 0.1];
    expect((await value.read())[0]).toBeCloseTo((Math.tanh(z[0]!) + Math.tanh(z[1]!)) / 2, 6);
    const d = z.map((v) => (1 - Math.tanh(v) ** 2) / 2);
    expect((await grad.b.read())[0]).toBeCloseTo(d[0]! + d[1]!, 6);
    expect((await grad.w.read())[1]).toBeCloseTo(2 * d[0]! + 4 * d[1]!, 6);
    expect(step.cache.size).toBe(1);
    await step.dispose();
  });

  test("random numbers are a function of the key and differ a use", async () => {
    const fn = (key: Tensor): { a: Tensor; b: Tensor } => ({ a: random(key, [4]), b: random(key, [4]) });
    const one = await evaluate(fn, randomKey(7));
    const two = await evaluate(fn, randomKey(7));
    const other = await evaluate(fn, randomKey(8));
    expect(one.a.data).toEqual(two.a.data);
    expect(one.a.data).not.toEqual(one.b.data);
    expect(one.a.data).not.toEqual(other.a.data);
  });
});
