// slice: a box out of a tensor, with steps; pad: the box put back among zeros; flip: one axis reversed.

import { normalizeAxis } from "../axes.ts";
import { sizeOf } from "../dtype.ts";
import { dtypeError, shapeError } from "../errors.ts";
import { kindOf } from "../ndarray.ts";
import { applyOp, checkTensor, type OpDef } from "../op.ts";
import { eachIndex, offsetOf, refArray, stridesOf } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { fill } from "./source.ts";
import { moveAsNumbers, pick } from "./webgpu.ts";

type SliceAttrs = { readonly starts: readonly number[]; readonly sizes: readonly number[] };

const sliceOp: OpDef<readonly [Tensor], SliceAttrs> = {
  name: "slice",
  infer([x], { starts, sizes }) {
    const fits =
      starts.length === x.rank &&
      sizes.length === x.rank &&
      starts.every(
        (s, i) =>
          Number.isInteger(s) && Number.isInteger(sizes[i]) && s >= 0 && sizes[i]! >= 0 && s + sizes[i]! <= x.shape[i]!,
      );
    if (!fits)
      throw shapeError(
        "slice",
        `starts and sizes must lie inside ${show(x)}`,
        `starts [${starts.join(", ")}], sizes [${sizes.join(", ")}]`,
      );
    return [{ dtype: x.dtype, shape: sizes }];
  },
  vjp([g], [x], _outputs, { starts, sizes }) {
    if (!g || x.dtype !== "float32") return [null];
    return [
      pad(
        g,
        starts.map((s, i) => [s, x.shape[i]! - s - sizes[i]!]),
      ),
    ];
  },
  lower(onnx, [x], { attrs: { starts, sizes }, types: [type], target }) {
    if (target.device === "webgpu" && type.dtype !== "float32") {
      const cut = [...starts.keys()].filter((axis) => sizes[axis] !== type.shape[axis]);
      const picks = cut.map((axis) => ({ axis, first: starts[axis]!, step: 1, count: sizes[axis]! }));
      return moveAsNumbers(onnx, target, type.dtype, [x], ([value]) => [pick(onnx, value!, picks)]);
    }
    const ints = (values: readonly number[]): string => onnx.constant("int64", [values.length], values);
    const ends = starts.map((start, i) => start + sizes[i]!);
    return [onnx.node("Slice", [x, ints(starts), ints(ends), ints([...starts.keys()])])];
  },
  evaluate([x], { starts, sizes }) {
    const strides = stridesOf(x.shape);
    const base = offsetOf(starts, strides);
    const out = refArray(sizes);
    eachIndex(sizes, (index, flat) => (out.data[flat] = x.data[base + offsetOf(index, strides)]!));
    return [out];
  },
  flops: () => 0,
};

/**
 * The box of `sizes` that begins at `starts`.
 *
 * @param sizes - one size an axis; -1 takes everything from the start to the end.
 * @throws HeedError when the box leaves the tensor.
 */
export function slice(x: Tensor, starts: readonly number[], sizes: readonly number[]): Tensor {
  checkTensor("slice", "x", x);
  for (const [name, list] of Object.entries({ starts, sizes }))
    if (!Array.isArray(list)) throw shapeError("slice", `${name} must be a list of one number an axis`, kindOf(list));
  const full = sizes.map((n, i) => (n === -1 ? (x.shape[i] ?? 0) - (starts[i] ?? 0) : n));
  if (
    full.length === x.rank &&
    starts.length === x.rank &&
    starts.every((s) => s === 0) &&
    full.every((n, i) => n === x.shape[i])
  )
    return x;
  return applyOp(sliceOp, [x], { starts: [...starts], sizes: full })[0]!;
}

/** `x` from `start` up to but not including `end` along one axis. @throws HeedError unless 0 <= start <= end <= size. */
export function sliceAxis(x: Tensor, axis: number, start: number, end: number): Tensor {
  checkTensor("sliceAxis", "x", x);
  const at = normalizeAxis("sliceAxis", axis, x.rank);
  const size = x.shape[at]!;
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > size)
    throw shapeError(
      "sliceAxis",
      `integers 0 <= start <= end <= ${size} are required on axis ${at} of ${show(x)}`,
      `start ${start}, end ${end}`,
    );
  return slice(
    x,
    x.shape.map((_, i) => (i === at ? start : 0)),
    x.shape.map((n, i) => (i === at ? end - start : n)),
  );
}

type PadAttrs = { readonly amounts: readonly (readonly [before: number, after: number])[] };

const padOp: OpDef<readonly [Tensor], PadAttrs> = {
  name: "pad",
  infer([x], { amounts }) {
    if (x.dtype !== "float32" && x.dtype !== "int32") throw dtypeError("pad", "x must be float32 or int32", show(x));
    return [{ dtype: x.dtype, shape: x.shape.map((n, i) => n + amounts[i]![0] + amounts[i]![1]) }];
  },
  vjp: ([g], [x], _outputs, { amounts }) => [
    g && x.dtype === "float32"
      ? slice(
          g,
          amounts.map((p) => p[0]),
          x.shape,
        )
      : null,
  ],
  lower(onnx, [x], { types, outputs, attrs }) {
    const type = outputs[0]!;
    if (sizeOf(types[0].shape) === 0)
      return [
        onnx.node("Expand", [
          onnx.constant(type.dtype, [], [0]),
          onnx.constant("int64", [type.shape.length], type.shape),
        ]),
      ];
    const pads = [...attrs.amounts.map((p) => p[0]), ...attrs.amounts.map((p) => p[1])];
    return [onnx.node("Pad", [x, onnx.constant("int64", [pads.length], pads), onnx.constant(type.dtype, [], [0])])];
  },
  evaluate([x], { amounts }) {
    const out = refArray(x.shape.map((n, i) => n + amounts[i]![0] + amounts[i]![1]));
    const strides = stridesOf(out.shape);
    const base = offsetOf(
      amounts.map((p) => p[0]),
      strides,
    );
    eachIndex(x.shape, (index, flat) => (out.data[base + offsetOf(index, strides)] = x.data[flat]!));
    return [out];
  },
  flops: () => 0,
};

/** `x` with zeros around it: `amounts[axis] = [before, after]`. */
export function pad(x: Tensor, amounts: readonly (readonly [before: number, after: number])[]): Tensor {
  checkTensor("pad", "x", x);
  const fits =
    Array.isArray(amounts) &&
    amounts.length === x.rank &&
    amounts.every((p) => Array.isArray(p) && p.length === 2 && p.every((n) => Number.isInteger(n) && n >= 0));
  if (!fits)
    throw shapeError(
      "pad",
      `one [before, after] of integers >= 0 is required for each axis of ${show(x)}`,
      JSON.stringify(amounts),
    );
  return amounts.every((p) => p[0] === 0 && p[1] === 0)
    ? x
    : applyOp(padOp, [x], { amounts: amounts.map(([before, after]) => [before, after] as const) })[0]!;
}

type FlipAttrs = { readonly axis: number };

const flipOp: OpDef<readonly [Tensor], FlipAttrs> = {
  name: "flip",
  infer: ([x]) => [x],
  vjp: ([g], [x], _outputs, { axis }) => [g && x.dtype === "float32" ? flip(g, axis) : null],
  lower(onnx, [x], { types: [type], attrs: { axis }, target }) {
    const count = type.shape[axis]!;
    if (count === 1) return [x];
    if (target.device === "webgpu" && type.dtype !== "float32") {
      const reversed = { axis, first: count - 1, step: -1, count };
      return moveAsNumbers(onnx, target, type.dtype, [x], ([value]) => [pick(onnx, value!, [reversed])]);
    }
    const one = (value: number): string => onnx.constant("int64", [1], [value]);
    return [onnx.node("Slice", [x, one(-1), one(-count - 1), one(axis), one(-1)])];
  },
  evaluate([x], { axis }) {
    const strides = stridesOf(x.shape);
    const out = refArray(x.shape);
    eachIndex(
      x.shape,
      (index, flat) => (out.data[flat + (x.shape[axis]! - 1 - 2 * index[axis]!) * strides[axis]!] = x.data[flat]!),
    );
    return [out];
  },
  flops: () => 0,
};

/** `x` with the order along `axis` reversed. */
export function flip(x: Tensor, axis: number): Tensor {
  checkTensor("flip", "x", x);
  return applyOp(flipOp, [x], { axis: normalizeAxis("flip", axis, x.rank) })[0]!;
}

/** Zeros of the type of `x`. */
export function zerosLike(x: Tensor): Tensor {
  checkTensor("zerosLike", "x", x);
  return fill(x.shape, 0, x.dtype);
}
