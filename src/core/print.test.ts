import { expect, test } from "vitest";
import { valueAndGrad } from "./grad.ts";
import { add, mul } from "./ops/binary.ts";
import { split } from "./ops/concat.ts";
import { customGradient } from "./ops/control.ts";
import { matmul } from "./ops/matmul.ts";
import { mean } from "./ops/reduce.ts";
import { constant, fill, input } from "./ops/source.ts";
import { exp, tanh } from "./ops/unary.ts";
import { printGraph } from "./print.ts";
import { scope } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

test("a training step", () => {
  const loss = (p: { w: Tensor; b: Tensor }, x: Tensor): Tensor =>
    scope("net", () => mean(tanh(add(matmul(x, p.w), p.b))));
  const params = { w: input([3, 2], "float32", "w"), b: input([2], "float32", "b") };
  expect(printGraph(valueAndGrad(loss)(params, input([4, 3], "float32", "x")))).toMatchInlineSnapshot(`
    "%0 = input() {label: x} : float32[4, 3]
    %1 = input() {label: w} : float32[3, 2]
    %2 = matmul(%0, %1) : float32[4, 2]  # net
    %3 = input() {label: b} : float32[2]
    %4 = add(%2, %3) : float32[4, 2]  # net
    %5 = tanh(%4) : float32[4, 2]  # net
    %6 = sum(%5) {axes: [0, 1], keepDims: false} : float32[]  # net
    %7 = fill() {value: 0.125} : float32[]  # net
    %8 = mul(%6, %7) : float32[]  # net
    %9 = transpose(%0) {perm: [1, 0]} : float32[3, 4]  # net.gradient
    %10 = fill() {value: 1} : float32[]
    %11 = mul(%10, %7) : float32[]  # net.gradient
    %12 = reshape(%11) : float32[1, 1]  # net.gradient
    %13 = broadcastTo(%12) : float32[4, 2]  # net.gradient
    %14 = fill() {value: 1} : float32[]  # net.gradient
    %15 = mul(%5, %5) : float32[4, 2]  # net.gradient
    %16 = sub(%14, %15) : float32[4, 2]  # net.gradient
    %17 = mul(%13, %16) : float32[4, 2]  # net.gradient
    %18 = matmul(%9, %17) : float32[3, 2]  # net.gradient
    %19 = sum(%17) {axes: [0], keepDims: false} : float32[2]  # net.gradient
    return value = %8
    return grad.w = %18
    return grad.b = %19"
  `);
});

test("several outputs, tables cut short, rules of functions left out", () => {
  const [a, b] = split(constant([1, 2, 3, 4, 5, 6]), 2);
  const y = customGradient(
    [a!],
    (x) => exp(x),
    (g) => [g],
  );
  expect(printGraph([b, mul(y, fill([3], 2))])).toMatchInlineSnapshot(`
    "%0 = constant() {data: <1, 2, 3, 4, ... 6>} : float32[6]
    %1, %2 = split(%0) {sizes: [3, 3], axis: 0} : float32[3], float32[3]
    %3 = exp(%1) : float32[3]
    %4 = customGradient(%3, %1) : float32[3]
    %5 = fill() {value: 2} : float32[3]
    %6 = mul(%4, %5) : float32[3]
    return 0 = %2
    return 1 = %6"
  `);
});

test("equal graphs print alike, and the order of building does not show", () => {
  const x = input([2]);
  const first = exp(x);
  const second = tanh(x);
  const third = tanh(x);
  const fourth = exp(x);
  expect(printGraph(add(first, second))).toBe(printGraph(add(fourth, third)));
});

test("an input alone", () => {
  expect(printGraph(input([2], "int32", "ids"))).toMatchInlineSnapshot(`
    "%0 = input() {label: ids} : int32[2]
    return %0"
  `);
});

test("what is no tensor is refused", () => {
  expect(() => printGraph(3)).toThrow("printGraph: the output must be a Tensor, got a number");
});
