// Comparisons and logic: bool tensors, which carry no gradient.

import { broadcastShapes } from "../axes.ts";
import type { DType } from "../dtype.ts";
import { dtypeError } from "../errors.ts";
import { applyOp, type OnnxBuilder, type OpDef, type Target } from "../op.ts";
import { refArray, refBroadcast } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { asTensors } from "./source.ts";

interface PairRule {
  readonly name: string;
  readonly takes: readonly DType[];
  readonly onnx: (onnx: OnnxBuilder, a: string, b: string, target: Target) => string;
  readonly reference: (a: number, b: number) => boolean;
}

function pairOp(rule: PairRule): OpDef<readonly [Tensor, Tensor], Record<never, never>> {
  return {
    name: rule.name,
    infer([a, b]) {
      if (a.dtype !== b.dtype || !rule.takes.includes(a.dtype))
        throw dtypeError(
          rule.name,
          `a and b must be of one dtype among ${rule.takes.join(", ")}`,
          `${show(a)} and ${show(b)}`,
        );
      return [{ dtype: "bool", shape: broadcastShapes(rule.name, [a, b]) }];
    },
    vjp: () => [null, null],
    lower: (onnx, [a, b], { target }) => [rule.onnx(onnx, a, b, target)],
    evaluate([a, b]) {
      const shape = broadcastShapes(rule.name, [
        { dtype: "bool", shape: a.shape },
        { dtype: "bool", shape: b.shape },
      ]);
      const x = refBroadcast(a, shape);
      const y = refBroadcast(b, shape);
      return [refArray(shape, (i) => Number(rule.reference(x.data[i]!, y.data[i]!)))];
    },
  };
}

function comparison(rule: PairRule): (a: Tensor | number, b: Tensor | number) => Tensor {
  const op = pairOp(rule);
  return (a, b) => applyOp(op, asTensors(rule.name, [a, b]), {})[0]!;
}

function logic(rule: PairRule): (a: Tensor, b: Tensor) => Tensor {
  const op = pairOp(rule);
  return (a, b) => applyOp(op, [a, b], {})[0]!;
}

const numbers: readonly DType[] = ["float32", "int32"];

/** bool: a == b; NaN equals nothing. */
export const equal: (a: Tensor | number, b: Tensor | number) => Tensor = comparison({
  name: "equal",
  takes: numbers,
  onnx: (onnx, a, b) => onnx.node("Equal", [a, b]),
  reference: (a, b) => a === b,
});

/** bool: a < b. */
export const less: (a: Tensor | number, b: Tensor | number) => Tensor = comparison({
  name: "less",
  takes: numbers,
  onnx: (onnx, a, b) => onnx.node("Less", [a, b]),
  reference: (a, b) => a < b,
});

/** bool: a <= b. */
export const lessEqual: (a: Tensor | number, b: Tensor | number) => Tensor = comparison({
  name: "lessEqual",
  takes: numbers,
  onnx: (onnx, a, b) => onnx.node("LessOrEqual", [a, b]),
  reference: (a, b) => a <= b,
});

/** bool: a and b. */
export const and: (a: Tensor, b: Tensor) => Tensor = logic({
  name: "and",
  takes: ["bool"],
  onnx: (onnx, a, b) => onnx.node("And", [a, b]),
  reference: (a, b) => a !== 0 && b !== 0,
});

/** bool: a or b. */
export const or: (a: Tensor, b: Tensor) => Tensor = logic({
  name: "or",
  takes: ["bool"],
  // WebGPU has And and Not, but no Or.
  onnx: (onnx, a, b, target) =>
    target.device === "webgpu"
      ? onnx.node("Not", [onnx.node("And", [onnx.node("Not", [a]), onnx.node("Not", [b])])])
      : onnx.node("Or", [a, b]),
  reference: (a, b) => a !== 0 || b !== 0,
});

const notOp: OpDef<readonly [Tensor], Record<never, never>> = {
  name: "not",
  infer([x]) {
    if (x.dtype !== "bool") throw dtypeError("not", "x must be bool", show(x));
    return [x];
  },
  vjp: () => [null],
  lower: (onnx, [x]) => [onnx.node("Not", [x])],
  evaluate: ([x]) => [refArray(x.shape, (i) => (x.data[i] === 0 ? 1 : 0))],
};

/** bool: not x. */
export function not(x: Tensor): Tensor {
  return applyOp(notOp, [x], {})[0]!;
}
