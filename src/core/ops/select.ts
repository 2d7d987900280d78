// where: an elementwise choice, and cast: a change of dtype.

import { broadcastShapes } from "../axes.ts";
import type { DType } from "../dtype.ts";
import { dtypeError } from "../errors.ts";
import { applyOp, checkTensor, type OpDef } from "../op.ts";
import { refArray, refBroadcast } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { asTensors } from "./source.ts";

const whereOp: OpDef<readonly [Tensor, Tensor, Tensor], Record<never, never>> = {
  name: "where",
  infer([condition, a, b]) {
    if (condition.dtype !== "bool" || a.dtype !== b.dtype || (a.dtype !== "float32" && a.dtype !== "int32"))
      throw dtypeError(
        "where",
        "the condition must be bool, and a and b both float32 or both int32",
        [condition, a, b].map(show).join(", "),
      );
    return [{ dtype: a.dtype, shape: broadcastShapes("where", [condition, a, b]) }];
  },
  // A select, never a product: NaN in the branch not taken stays there.
  vjp: ([g], [condition, a]) =>
    g && a.dtype === "float32" ? [null, where(condition, g, 0), where(condition, 0, g)] : [null, null, null],
  lower: (onnx, names) => [onnx.node("Where", names)],
  evaluate([condition, a, b]) {
    const shape = broadcastShapes(
      "where",
      [condition, a, b].map((x) => ({ dtype: "float32", shape: x.shape })),
    );
    const [c, x, y] = [condition, a, b].map((v) => refBroadcast(v, shape)) as [typeof a, typeof a, typeof a];
    return [refArray(shape, (i) => (c.data[i] !== 0 ? x.data[i]! : y.data[i]!))];
  },
};

/** `a` where the condition holds, else `b`, broadcast together. The branch not taken has no influence, not even as NaN. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  return applyOp(whereOp, [condition, ...asTensors("where", [a, b])], {})[0]!;
}

type CastAttrs = { readonly dtype: DType };

const castable: readonly DType[] = ["float32", "int32", "bool", "uint8"];

const castOp: OpDef<readonly [Tensor], CastAttrs> = {
  name: "cast",
  infer([x], { dtype }) {
    if (!castable.includes(x.dtype) || !castable.includes(dtype))
      throw dtypeError(
        "cast",
        `both dtypes must be among ${castable.join(", ")}`,
        `${show(x)} to ${dtype}`,
        "Convert storage dtypes on the host.",
      );
    return [{ dtype, shape: x.shape }];
  },
  // A cast to its own dtype is no node, so that no gradient passes one.
  vjp: () => [null],
  lower: (onnx, [x], { attrs }) => [onnx.node("Cast", [x], { to: { int: onnxType[attrs.dtype] } })],
  evaluate([x], { dtype }) {
    const convert =
      dtype === "bool" ? (v: number) => Number(v !== 0) : dtype === "float32" ? (v: number) => v : Math.trunc;
    return [refArray(x.shape, (i) => convert(x.data[i]!))];
  },
};

/**
 * `x` as another dtype: to bool not-zero, to integers towards zero; no gradient passes.
 *
 * What an integer dtype cannot hold (300 as uint8, NaN or 3e9 as int32) becomes what the device makes of it, and not
 * the same on every one: select or clip such values before.
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  checkTensor("cast", "x", x);
  return x.dtype === dtype ? x : applyOp(castOp, [x], { dtype })[0]!;
}

/** ONNX's number of each dtype (TensorProto.DataType). */
export const onnxType: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};
