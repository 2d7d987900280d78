// Softmax and its logarithm. The row maximum is subtracted first, so no finite score overflows.

import { normalizeAxis } from "../axes.ts";
import { dtypeError } from "../errors.ts";
import { applyOp, checkTensor, type OpDef } from "../op.ts";
import { eachLine, refArray } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { add, mul, sub } from "./binary.ts";
import { stopGradient } from "./control.ts";
import { squeeze } from "./movement.ts";
import { max, sum } from "./reduce.ts";
import { exp, log } from "./unary.ts";

type AxisAttrs = { readonly axis: number };

function check(where: string, x: Tensor): readonly [Tensor] {
  if (x.dtype !== "float32") throw dtypeError(where, "x must be float32", show(x));
  return [x];
}

function lineSoftmax(
  x: { readonly shape: readonly number[]; readonly data: Float64Array },
  axis: number,
  asLog: boolean,
): ReturnType<typeof refArray> {
  const out = refArray(x.shape);
  eachLine(x, axis, (read, offset, n) => {
    let top = -Infinity;
    for (let i = 0; i < n; i++) top = Math.max(top, read(i));
    let total = 0;
    for (let i = 0; i < n; i++) total += Math.exp(read(i) - top);
    for (let i = 0; i < n; i++)
      out.data[offset(i)] = asLog ? read(i) - top - Math.log(total) : Math.exp(read(i) - top) / total;
  });
  return out;
}

const softmaxOp: OpDef<readonly [Tensor], AxisAttrs> = {
  name: "softmax",
  infer: ([x]) => check("softmax", x),
  // y = softmax(x)  =>  dx = y (g - sum(g y)). Uses y, so x need not be kept.
  vjp([g], _inputs, [y], { axis }) {
    if (!g) return [null];
    const weighted = mul(g, y!);
    return [sub(weighted, mul(y!, sum(weighted, axis, { keepDims: true })))];
  },
  lower: (onnx, [x], { attrs }) => [onnx.node("Softmax", [x], { axis: { int: attrs.axis } })],
  evaluate: ([x], { axis }) => [lineSoftmax(x, axis, false)],
  flops: ([x]) => 5 * x!.shape.reduce((a, b) => a * b, 1),
};

/** Softmax of `x` along `axis`; each line of the result sums to 1. A line that is all -Infinity gives NaN: mask before. */
export function softmax(x: Tensor, axis = -1): Tensor {
  checkTensor("softmax", "x", x);
  return applyOp(softmaxOp, [x], { axis: normalizeAxis("softmax", axis, x.rank) })[0]!;
}

const logSoftmaxOp: OpDef<readonly [Tensor], AxisAttrs> = {
  name: "logSoftmax",
  infer: ([x]) => check("logSoftmax", x),
  // y = x - log sum e^x  =>  dx = g - e^y sum(g).
  vjp: ([g], _inputs, [y], { axis }) => [g ? sub(g, mul(exp(y!), sum(g, axis, { keepDims: true }))) : null],
  lower(onnx, [x], { attrs, target }) {
    if (target.device !== "webgpu") return [onnx.node("LogSoftmax", [x], { axis: { int: attrs.axis } })];
    // WebGPU has no LogSoftmax kernel.
    const axes = onnx.constant("int64", [1], [attrs.axis]);
    const shifted = onnx.node("Sub", [x, onnx.node("ReduceMax", [x, axes], { keepdims: { int: 1 } })]);
    const total = onnx.node("ReduceSum", [onnx.node("Exp", [shifted]), axes], { keepdims: { int: 1 } });
    return [onnx.node("Sub", [shifted, onnx.node("Log", [total])])];
  },
  evaluate: ([x], { axis }) => [lineSoftmax(x, axis, true)],
  flops: ([x]) => 5 * x!.shape.reduce((a, b) => a * b, 1),
};

/** Logarithm of the softmax of `x` along `axis`, without overflow or log(0) of finite scores. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  checkTensor("logSoftmax", "x", x);
  return applyOp(logSoftmaxOp, [x], { axis: normalizeAxis("logSoftmax", axis, x.rank) })[0]!;
}

/** log sum e^x along `axis`, without overflow. A line that is all -Infinity gives NaN. */
export function logSumExp(x: Tensor, axis = -1): Tensor {
  // The value does not depend on what is subtracted, so no gradient flows through it.
  const top = stopGradient(max(x, axis, { keepDims: true }));
  return squeeze(add(log(sum(exp(sub(x, top)), axis, { keepDims: true })), top), axis);
}
