// Movement without arithmetic: reshape, transpose, broadcast.

import { broadcastShapes, normalizeAxes } from "../axes.ts";
import { sizeOf } from "../dtype.ts";
import { shapeError } from "../errors.ts";
import { checkShape } from "../ndarray.ts";
import { applyOp, checkTensor, type OpDef } from "../op.ts";
import { eachIndex, offsetOf, refArray, refBroadcast, stridesOf } from "../reference.ts";
import { sameShape, show, type Tensor } from "../tensor.ts";
import { moveAsNumbers } from "./webgpu.ts";

type ShapeAttrs = { readonly shape: readonly number[] };

const reshapeOp: OpDef<readonly [Tensor], ShapeAttrs> = {
  name: "reshape",
  infer([x], { shape }) {
    if (sizeOf(x.shape) !== sizeOf(shape))
      throw shapeError("reshape", `${sizeOf(x.shape)} elements are required for ${show(x)}`, `[${shape.join(", ")}]`);
    return [{ dtype: x.dtype, shape }];
  },
  vjp: ([g], [x]) => [g ? reshape(g, x.shape) : null],
  // With allowzero = 1 a 0 in the shape means an empty axis rather than "as in the input".
  lower: (onnx, [x], { attrs }) => [
    onnx.node("Reshape", [x, onnx.constant("int64", [attrs.shape.length], attrs.shape)], { allowzero: { int: 1 } }),
  ],
  evaluate: ([x], { shape }) => [{ shape, data: x.data }],
  flops: () => 0,
};

/** The same elements, row-major, under another shape. One axis may be -1: it takes what is left. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  checkTensor("reshape", "x", x);
  const open = shape.indexOf(-1);
  if (open !== shape.lastIndexOf(-1))
    throw shapeError("reshape", "at most one axis may be -1", `[${shape.join(", ")}]`);
  if (open >= 0) {
    const rest = sizeOf(shape.filter((_, i) => i !== open));
    const left = rest === 0 ? 0 : sizeOf(x.shape) / rest;
    if (!Number.isInteger(left) || rest === 0)
      throw shapeError(
        "reshape",
        `the sizes beside -1 must divide ${sizeOf(x.shape)} elements of ${show(x)}`,
        `[${shape.join(", ")}]`,
      );
    shape = shape.map((n, i) => (i === open ? left : n));
  }
  checkShape("reshape", shape);
  return sameShape(x.shape, shape) ? x : applyOp(reshapeOp, [x], { shape: [...shape] })[0]!;
}

type PermAttrs = { readonly perm: readonly number[] };

const transposeOp: OpDef<readonly [Tensor], PermAttrs> = {
  name: "transpose",
  infer([x], { perm }) {
    const valid =
      perm.length === x.rank &&
      perm.every((p, i) => Number.isInteger(p) && p >= 0 && p < x.rank && perm.indexOf(p) === i);
    if (!valid)
      throw shapeError(
        "transpose",
        `perm must be a permutation of 0 to ${x.rank - 1}`,
        `[${perm.join(", ")}] for ${show(x)}`,
      );
    return [{ dtype: x.dtype, shape: perm.map((p) => x.shape[p]!) }];
  },
  vjp: ([g], _inputs, _outputs, { perm }) => [
    g
      ? transpose(
          g,
          perm.map((_, i) => perm.indexOf(i)),
        )
      : null,
  ],
  lower: (onnx, [x], { attrs, types, target }) =>
    moveAsNumbers(onnx, target, types[0].dtype, [x], (operands) => [
      onnx.node("Transpose", operands, { perm: { ints: attrs.perm } }),
    ]),
  evaluate([x], { perm }) {
    const strides = stridesOf(x.shape);
    const moved = perm.map((p) => strides[p]!);
    const out = refArray(perm.map((p) => x.shape[p]!));
    eachIndex(out.shape, (index, flat) => (out.data[flat] = x.data[offsetOf(index, moved)]!));
    return [out];
  },
  flops: () => 0,
};

/** Axes reordered: axis i of the result is axis `perm[i]` of `x`. Default: the last two swapped. */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  checkTensor("transpose", "x", x);
  if (!perm && x.rank < 2) throw shapeError("transpose", "at least 2 axes are required", show(x));
  const order = perm ?? [...x.shape.keys()].slice(0, -2).concat([x.rank - 1, x.rank - 2]);
  return applyOp(transposeOp, [x], { perm: [...order] })[0]!;
}

/** The tensor of which `x` is the transpose in its last two axes, or null when it is none. */
export function transposeSource(x: Tensor): Tensor | null {
  if ((x.node.op as unknown) !== transposeOp) return null;
  const { perm } = x.node.attrs as PermAttrs;
  const n = perm.length;
  const swapsLast = n >= 2 && perm.every((p, i) => p === (i === n - 1 ? n - 2 : i === n - 2 ? n - 1 : i));
  return swapsLast ? x.node.inputs[0]! : null;
}

const broadcastOp: OpDef<readonly [Tensor], ShapeAttrs> = {
  name: "broadcastTo",
  infer([x], { shape }) {
    const target = { dtype: x.dtype, shape };
    if (!sameShape(broadcastShapes("broadcastTo", [x, target]), shape))
      throw shapeError("broadcastTo", `${show(x)} must stretch to the shape`, `[${shape.join(", ")}]`);
    return [target];
  },
  vjp: ([g]) => [g ?? null],
  lower: (onnx, [x], { attrs }) => [
    onnx.node("Expand", [x, onnx.constant("int64", [attrs.shape.length], attrs.shape)]),
  ],
  evaluate: ([x], { shape }) => [refBroadcast(x, shape)],
  flops: () => 0,
};

/** `x` stretched to `shape` by NumPy's rule (axes of size 1, and new axes in front). */
export function broadcastTo(x: Tensor, shape: readonly number[]): Tensor {
  checkTensor("broadcastTo", "x", x);
  checkShape("broadcastTo", shape);
  return sameShape(x.shape, shape) ? x : applyOp(broadcastOp, [x], { shape: [...shape] })[0]!;
}

/** `x` with an axis of size 1 put in at `axis` (-1: at the end). */
export function expandDims(x: Tensor, axis: number): Tensor {
  checkTensor("expandDims", "x", x);
  const at = axis < 0 ? x.rank + 1 + axis : axis;
  if (!Number.isInteger(at) || at < 0 || at > x.rank)
    throw shapeError("expandDims", `axis must be from ${-x.rank - 1} to ${x.rank}`, String(axis));
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** `x` without the given axes, which must be of size 1. */
export function squeeze(x: Tensor, axes: number | readonly number[]): Tensor {
  checkTensor("squeeze", "x", x);
  const gone = normalizeAxes("squeeze", axes, x.rank);
  if (gone.some((a) => x.shape[a] !== 1))
    throw shapeError("squeeze", "the axes must be of size 1", `${show(x)}, axes ${gone.join(", ")}`);
  return reshape(
    x,
    x.shape.filter((_, i) => !gone.includes(i)),
  );
}
