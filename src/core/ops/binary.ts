// Elementwise arithmetic of two tensors, broadcast together. A number stands for a scalar of the other's dtype.

import { broadcastShapes } from "../axes.ts";
import { dtypeError } from "../errors.ts";
import { applyOp, type OpDef } from "../op.ts";
import { refArray, refBroadcast } from "../reference.ts";
import { sameShape, show, type Tensor } from "../tensor.ts";
import { less, lessEqual } from "./compare.ts";
import { where } from "./select.ts";
import { asTensors } from "./source.ts";

/** An elementwise function of two tensors or numbers. */
export type Binary = (a: Tensor | number, b: Tensor | number) => Tensor;

/** What `defineBinary` needs to know of one arithmetic op. */
export interface BinaryRule {
  readonly name: string;
  readonly onnx: string;
  /** Whether WebGPU's kernel fails on some pairs of shapes, so that both are stretched first. */
  readonly stretch?: boolean;
  readonly reference: (a: number, b: number) => number;
  readonly floatOnly?: boolean;
  /** Gradients at the broadcast shape; the reverse walk sums them back. */
  readonly vjp: (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor | null, Tensor | null];
}

/** Declares an elementwise op of two tensors. */
export function defineBinary(rule: BinaryRule): Binary {
  const op: OpDef<readonly [Tensor, Tensor], Record<never, never>> = {
    name: rule.name,
    infer([a, b]) {
      const fits = a.dtype === b.dtype && (a.dtype === "float32" || (a.dtype === "int32" && !rule.floatOnly));
      if (!fits)
        throw dtypeError(
          rule.name,
          `a and b must both be float32${rule.floatOnly ? "" : " or both int32"}`,
          `${show(a)} and ${show(b)}`,
        );
      return [{ dtype: a.dtype, shape: broadcastShapes(rule.name, [a, b]) }];
    },
    vjp: ([g], [a, b], [y]) => (g && a.dtype === "float32" ? rule.vjp(g, a, b, y!) : [null, null]),
    lower(onnx, names, { types, outputs, target }) {
      if (!rule.stretch || target.device !== "webgpu" || sameShape(types[0].shape, types[1].shape))
        return [onnx.node(rule.onnx, names)];
      const { shape } = outputs[0]!;
      const to = onnx.constant("int64", [shape.length], shape);
      return [
        onnx.node(
          rule.onnx,
          names.map((name) => onnx.node("Expand", [name, to])),
        ),
      ];
    },
    evaluate([a, b]) {
      const shape = broadcastShapes(rule.name, [
        { dtype: "float32", shape: a.shape },
        { dtype: "float32", shape: b.shape },
      ]);
      const x = refBroadcast(a, shape);
      const y = refBroadcast(b, shape);
      return [refArray(shape, (i) => rule.reference(x.data[i]!, y.data[i]!))];
    },
  };
  return (a, b) => applyOp(op, asTensors(rule.name, [a, b]), {})[0]!;
}

/** a + b. */
export const add: Binary = defineBinary({ name: "add", onnx: "Add", reference: (a, b) => a + b, vjp: (g) => [g, g] });

/** a - b. */
export const sub: Binary = defineBinary({
  name: "sub",
  onnx: "Sub",
  reference: (a, b) => a - b,
  vjp: (g) => [g, mul(g, -1)],
});

/** a * b. */
export const mul: Binary = defineBinary({
  name: "mul",
  onnx: "Mul",
  reference: (a, b) => a * b,
  vjp: (g, a, b) => [mul(g, b), mul(g, a)],
});

/** a / b; float32 only, so that nobody divides integers by accident. */
export const div: Binary = defineBinary({
  name: "div",
  onnx: "Div",
  floatOnly: true,
  reference: (a, b) => a / b,
  vjp: (g, _a, b, y) => [div(g, b), mul(div(mul(g, y), b), -1)],
});

/** The larger of a and b; where they are equal the gradient goes to a. */
export const maximum: Binary = defineBinary({
  name: "maximum",
  onnx: "Max",
  reference: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : a >= b ? a : b),
  vjp: (g, a, b) => [where(less(a, b), 0, g), where(less(a, b), g, 0)],
});

/** The smaller of a and b; where they are equal the gradient goes to a. */
export const minimum: Binary = defineBinary({
  name: "minimum",
  onnx: "Min",
  reference: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : a <= b ? a : b),
  vjp: (g, a, b) => [where(lessEqual(a, b), g, 0), where(lessEqual(a, b), 0, g)],
});
