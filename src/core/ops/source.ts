// Sources: values that enter a graph (inputs, constants) rather than being computed in it.

import { numberOf, sizeOf, unheld, type DType, type TypedArray } from "../dtype.ts";
import { dtypeError, graphError } from "../errors.ts";
import { array, checkDType, checkShape, NdArray, type Nested } from "../ndarray.ts";
import { applyOp, type OpDef } from "../op.ts";
import { refArray } from "../reference.ts";
import { show, Tensor, type TensorType } from "../tensor.ts";

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
  checkDType("input", dtype);
  checkShape("input", shape);
  return applyOp(inputOp, [], { type: { dtype, shape: [...shape] }, label })[0]!;
}

type ConstantAttrs = { readonly dtype: DType; readonly shape: readonly number[]; readonly data: TypedArray };

const constantOp: OpDef<readonly [], ConstantAttrs> = {
  name: "constant",
  infer: (_inputs, { dtype, shape }) => [{ dtype, shape }],
  vjp: () => [],
  lower: (onnx, _names, { attrs }) => [onnx.constant(attrs.dtype, attrs.shape, attrs.data)],
  evaluate: (_inputs, { dtype, shape, data }) => [refArray(shape, (i) => numberOf(dtype, data[i]!))],
  flops: () => 0,
};

/**
 * A value that is baked into the graph (weights at inference, small tables).
 *
 * @param value - a number, nested arrays, or a host array (shared, not copied: do not write to it afterwards).
 * @param dtype - default: of the array, else float32 (bool for booleans).
 */
export function constant(value: Nested | NdArray, dtype?: DType): Tensor {
  if (value instanceof NdArray && dtype !== undefined && dtype !== value.dtype)
    throw dtypeError("constant", `an array of ${dtype} is required`, show(value), `Use cast(constant(a), "${dtype}").`);
  const a = value instanceof NdArray ? value : array(value, dtype ? { dtype } : {});
  return applyOp(constantOp, [], { dtype: a.dtype, shape: a.shape, data: a.data })[0]!;
}

/**
 * A tensor of `shape` filled with one value; it holds a scalar however large it is.
 *
 * @throws HeedError when the dtype is one of integers and cannot hold the value.
 */
export function fill(shape: readonly number[], value: number, dtype: DType = "float32"): Tensor {
  checkDType("fill", dtype);
  checkShape("fill", shape);
  const needed = unheld(dtype, value);
  if (needed !== null) throw dtypeError("fill", `the value of a fill of ${dtype} must be ${needed}`, String(value));
  return applyOp(fillOp, [], { dtype, shape: [...shape], value })[0]!;
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

/** The one value of a tensor that `fill` made, or null for every other tensor. */
export function fillValue(x: Tensor): number | null {
  return (x.node.op as unknown) === fillOp ? (x.node.attrs as FillAttrs).value : null;
}

/**
 * Operands with every number turned into a scalar of the tensors' dtype; float32 when all are numbers.
 *
 * @param where - the function on whose behalf this is done; opens the message.
 * @throws HeedError when the dtype is one of integers and cannot hold a number: it would become another one.
 */
export function asTensors<const V extends readonly (Tensor | number)[]>(
  where: string,
  values: V,
): { readonly [K in keyof V]: Tensor } {
  const dtype = values.find((value) => value instanceof Tensor)?.dtype ?? "float32";
  return values.map((value) => {
    if (typeof value !== "number") return value;
    const needed = unheld(dtype, value);
    if (needed !== null)
      throw dtypeError(
        where,
        `a number beside a tensor of ${dtype} must be ${needed}`,
        String(value),
        'Use cast(x, "float32").',
      );
    return fill([], value, dtype);
  }) as unknown as { readonly [K in keyof V]: Tensor };
}
