// Sources: values that enter a graph (inputs, constants) rather than being computed in it.

import { sizeOf, type DType, type TypedArray } from "../dtype.ts";
import { graphError } from "../errors.ts";
import { array, checkShape, NdArray, type Nested } from "../ndarray.ts";
import { applyOp, type OpDef } from "../op.ts";
import { refArray } from "../reference.ts";
import type { Tensor, TensorType } from "../tensor.ts";

type InputAttrs = { readonly type: TensorType; readonly label: string };

const inputOp: OpDef<readonly [], InputAttrs> = {
  name: "input",
  source: "feed",
  infer: (_inputs, { type }) => [type],
  vjp: () => [],
  lower: () => {
    throw graphError("input", "an input is fed, never lowered");
  },
  evaluate: () => {
    throw graphError("input", "a value is required for every input");
  },
  flops: () => 0,
};

/** A value that is given at each run. `label` names it in printed graphs and error messages. */
export function input(shape: readonly number[], dtype: DType = "float32", label = ""): Tensor {
  checkShape("input", shape);
  return applyOp(inputOp, [], { type: { dtype, shape }, label })[0]!;
}

type ConstantAttrs = { readonly dtype: DType; readonly shape: readonly number[]; readonly data: TypedArray };

const constantOp: OpDef<readonly [], ConstantAttrs> = {
  name: "constant",
  infer: (_inputs, { dtype, shape }) => [{ dtype, shape }],
  vjp: () => [],
  lower: (onnx, _names, { attrs }) => [onnx.constant(attrs.dtype, attrs.shape, attrs.data)],
  evaluate: (_inputs, { shape, data }) => [refArray(shape, (i) => Number(data[i]))],
  flops: () => 0,
};

/**
 * A value that is baked into the graph (weights at inference, small tables).
 *
 * @param value - a number, nested arrays, or a host array (shared, not copied: do not write to it afterwards).
 */
export function constant(value: Nested | NdArray, dtype?: DType): Tensor {
  const a = value instanceof NdArray ? value : array(value, dtype ? { dtype } : {});
  return applyOp(constantOp, [], { dtype: a.dtype, shape: a.shape, data: a.data })[0]!;
}

/** A tensor of `shape` filled with one value; it holds a scalar however large it is. */
export function fill(shape: readonly number[], value: number, dtype: DType = "float32"): Tensor {
  checkShape("fill", shape);
  return applyOp(fillOp, [], { dtype, shape, value })[0]!;
}

type FillAttrs = { readonly dtype: DType; readonly shape: readonly number[]; readonly value: number };

const fillOp: OpDef<readonly [], FillAttrs> = {
  name: "fill",
  infer: (_inputs, { dtype, shape }) => [{ dtype, shape }],
  vjp: () => [],
  lower(onnx, _names, { attrs }) {
    const size = sizeOf(attrs.shape);
    if (size <= 16) return [onnx.constant(attrs.dtype, attrs.shape, new Array<number>(size).fill(attrs.value))];
    const one = onnx.constant(attrs.dtype, [], [attrs.value]);
    return [onnx.node("Expand", [one, onnx.constant("int64", [attrs.shape.length], attrs.shape)])];
  },
  evaluate: (_inputs, { shape, value }) => [refArray(shape, () => value)],
  flops: () => 0,
};

type IotaAttrs = { readonly count: number };

const iotaOp: OpDef<readonly [], IotaAttrs> = {
  name: "iota",
  infer: (_inputs, { count }) => [{ dtype: "int32", shape: [count] }],
  vjp: () => [],
  lower: (onnx, _names, { attrs }) => [
    onnx.constant(
      "int32",
      [attrs.count],
      Int32Array.from({ length: attrs.count }, (_, i) => i),
    ),
  ],
  evaluate: (_inputs, { count }) => [refArray([count], (i) => i)],
  flops: () => 0,
};

/** int32 (count): 0, 1, 2, ... */
export function iota(count: number): Tensor {
  checkShape("iota", [count]);
  return applyOp(iotaOp, [], { count })[0]!;
}

/** A number becomes a scalar of `dtype`; a tensor stays. */
export function asTensor(value: Tensor | number, dtype: DType = "float32"): Tensor {
  return typeof value === "number" ? fill([], value, dtype) : value;
}
