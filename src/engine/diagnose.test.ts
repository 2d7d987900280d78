import { describe, expect, test } from "vitest";
import { array } from "../core/ndarray.ts";
import { grad } from "../core/grad.ts";
import { add, div, mul } from "../core/ops/binary.ts";
import { less, not } from "../core/ops/compare.ts";
import { matmul } from "../core/ops/matmul.ts";
import { argMax } from "../core/ops/order.ts";
import { random } from "../core/ops/random.ts";
import { sum } from "../core/ops/reduce.ts";
import { scan } from "../core/ops/scan.ts";
import { where } from "../core/ops/select.ts";
import { softmax } from "../core/ops/softmax.ts";
import { exp, log, sqrt } from "../core/ops/unary.ts";
import { drawInto, randomKey } from "../core/random.ts";
import { scope } from "../core/scope.ts";
import type { Tensor } from "../core/tensor.ts";
import { describeNotFinite, findNotFinite } from "./diagnose.ts";

const inScopes = (x: Tensor): Tensor =>
  scope("encoder", () =>
    mul(
      scope("gate.0", () => log(mul(x, 2))),
      3,
    ),
  );

describe("findNotFinite", () => {
  test("finds nothing where all is finite", async () => {
    expect(await findNotFinite(inScopes, [array([1, 2, 3])])).toBeNull();
  });

  test("names the node, the element and the inputs", async () => {
    const found = await findNotFinite(inScopes, [
      array([
        [1, 2, 3],
        [4, 0, 6],
      ]),
    ]);
    expect(found).toEqual({
      scope: "encoder.gate.0",
      op: "log",
      type: "float32[2, 3]",
      shape: [2, 3],
      value: -Infinity,
      at: [1, 1],
      inputs: [{ type: "float32[2, 3]", least: 0, greatest: 12, there: 0 }],
    });
    expect(describeNotFinite(found!)).toBe(
      "encoder.gate.0/log gave -Infinity at [1, 1] of float32[2, 3]; its inputs: float32[2, 3] from 0 to 12, 0 there",
    );
  });

  test("names the argument that brought it", async () => {
    const found = await findNotFinite(
      (p: { w: Tensor[] }, x: Tensor) => matmul(x, p.w[1]!),
      [{ w: [array([0]), array([[1], [NaN]])] }, array([[1, 2]])],
    );
    expect(describeNotFinite(found!)).toBe("argument 0.w.1 holds NaN at [1, 0] of float32[2, 1]");
  });

  test("the broadcast element of each input", async () => {
    const found = await findNotFinite((a: Tensor, b: Tensor) => div(a, b), [array([[1], [2]]), array([1, 0, 5])]);
    expect(describeNotFinite(found!)).toBe(
      "div gave Infinity at [0, 1] of float32[2, 3]; its inputs: float32[2, 1] from 1 to 2, 1 there; float32[3] from 0 to 5, 0 there",
    );
  });

  test("a gradient: the forward pass is finite, its derivative is not", async () => {
    const loss = (x: Tensor): Tensor => scope("norm", () => sum(sqrt(x)));
    const found = await findNotFinite((x: Tensor) => grad(loss)(x), [array([4, 0])]);
    expect(found).toMatchObject({ scope: "norm.gradient", op: "div", value: Infinity, at: [1] });
  });

  test("a mask's -Infinity is no finding; a line with nothing else is", async () => {
    const attend = (mask: Tensor, x: Tensor): Tensor => softmax(where(mask, x, -Infinity));
    const x = array([
      [1, 2],
      [3, 4],
    ]);
    expect(
      await findNotFinite(attend, [
        array([
          [true, false],
          [true, true],
        ]),
        x,
      ]),
    ).toBeNull();
    expect(
      await findNotFinite(attend, [
        array([
          [true, false],
          [false, false],
        ]),
        x,
      ]),
    ).toMatchObject({ op: "softmax", value: NaN, at: [1, 0] });
  });

  test("the overflow that led to the NaN, not an earlier harmless one", async () => {
    const fn = (x: Tensor): readonly Tensor[] => {
      const harmless = exp(mul(x, 100));
      const big = exp(mul(x, 90));
      return [harmless, sum(div(big, big))];
    };
    expect(await findNotFinite(fn, [array([1])])).toMatchObject({ op: "exp", inputs: [{ there: 90 }] });
  });

  test("random numbers are those of the failing run", async () => {
    // The uniform numbers of the second stream: the first one is drawn for a result that holds no float.
    const fn = (key: Tensor): readonly Tensor[] => {
      const coins = random(key, [4], { type: "bernoulli", probability: 0.5 });
      const xs = random(key, [4]);
      return [not(coins), where(coins, xs, 0), log(where(less(xs, 0.5), xs, 0))];
    };
    const drawn = new Float32Array(4);
    drawInto(drawn, randomKey(3).data as Int32Array, 1, { type: "uniform" });
    const found = await findNotFinite(fn, [randomKey(3)]);
    const first = drawn.findIndex((x) => x >= 0.5);
    expect(found).toMatchObject({ op: "log", at: [first], value: -Infinity });
  });

  test("graphs whose results are integers, with floats within or none at all", async () => {
    const ids = array([3, 1, 2], { dtype: "int32" });
    expect(await findNotFinite((i: Tensor) => ({ twice: add(i, i), small: less(i, 2) }), [ids])).toBeNull();
    expect(await findNotFinite((i: Tensor) => i, [array([], { dtype: "int32", shape: [0] })])).toBeNull();
    expect(await findNotFinite((x: Tensor) => less(log(x), 0), [array([1, -1])])).toMatchObject({ op: "log", at: [1] });
    expect(await findNotFinite((x: Tensor) => argMax(log(x)), [array([1, 2])])).toBeNull();
  });

  test("refuses what is no tensor, and options that it does not know", async () => {
    await expect(findNotFinite((x: Tensor) => ({ x, n: 3 }), [array([1])])).rejects.toThrow(
      "findNotFinite: the function's result at n must be a Tensor, got a number",
    );
    await expect(findNotFinite(inScopes, [array([1])], { mode: "training" } as never)).rejects.toThrow(
      'findNotFinite: options must be among device, static, threads, got "mode"',
    );
  });

  test("static arguments and long values", async () => {
    const fn = (x: Tensor, scale: number): Tensor => log(mul(x, scale));
    const data = new Float32Array(2000).fill(1);
    data[1999] = -1;
    expect(await findNotFinite(fn as never, [array(data), 3] as never, { static: [1] })).toMatchObject({
      op: "log",
      value: NaN,
      at: [1999],
    });
  });
});

test("a loop is named as a whole, with the state and sequences that it was given", async () => {
  const fn = (h: Tensor, xs: Tensor): Tensor =>
    scope(
      "rnn",
      () =>
        scan((state: Tensor, x: Tensor) => ({ state: exp(add(state, x)), outputs: {} }), { initial: h, sequences: xs })
          .final,
    );
  const found = await findNotFinite(fn, [array([1]), array([[1], [2], [3]])]);
  expect(found).toMatchObject({ scope: "rnn", op: "scan", value: Infinity });
  expect(describeNotFinite(found!)).toMatch(
    /^rnn\/scan gave Infinity at \[0\] of float32\[1\]; its inputs: float32\[1\] from 1 to 1; float32\[3, 1\] from 1 to 3/,
  );
});
