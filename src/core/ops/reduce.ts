// Reductions: sum and max; means and minima are made of them.

import { normalizeAxes } from "../axes.ts";
import { sizeOf } from "../dtype.ts";
import { checkOptions, dtypeError, optionError, shapeError } from "../errors.ts";
import { kindOf } from "../ndarray.ts";
import { applyOp, checkTensor, type OnnxBuilder, type OpDef } from "../op.ts";
import { eachIndex, refArray } from "../reference.ts";
import { show, type Tensor, type TensorType } from "../tensor.ts";
import { div, mul } from "./binary.ts";
import { equal } from "./compare.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { cast, onnxType } from "./select.ts";
import { neg } from "./unary.ts";

type AxesAttrs = { readonly axes: readonly number[]; readonly keepDims: boolean };

const keptShape = (shape: readonly number[], axes: readonly number[]): number[] =>
  shape.map((n, i) => (axes.includes(i) ? 1 : n));

function reducedType(x: TensorType, { axes, keepDims }: AxesAttrs): TensorType {
  const kept = keptShape(x.shape, axes);
  return { dtype: x.dtype, shape: keepDims ? kept : kept.filter((_, i) => !axes.includes(i)) };
}

function reduceReference(
  start: number,
  combine: (total: number, x: number) => number,
  x: { readonly shape: readonly number[]; readonly data: Float64Array },
  attrs: AxesAttrs,
): ReturnType<typeof refArray> {
  const kept = keptShape(x.shape, attrs.axes);
  const out = refArray(kept, () => start);
  const strides = kept.map((_, i) => sizeOf(kept.slice(i + 1)));
  eachIndex(x.shape, (index, flat) => {
    let at = 0;
    for (let i = 0; i < strides.length; i++) if (kept[i] !== 1) at += index[i]! * strides[i]!;
    out.data[at] = combine(out.data[at]!, x.data[flat]!);
  });
  return { shape: reducedType({ dtype: "float32", shape: x.shape }, attrs).shape, data: out.data };
}

// The runtime adds in plain float32, so a long line loses digits. Beyond this many terms the line is cut into pieces
// that are summed first, and their sums again: the error falls from ~n to ~k n^(1/k) roundings.
const longLine = 512;

/** The length of the pieces of a long line: about an even root of n, and a divisor where one is near, which spares a padded copy. */
function pieceLength(n: number): number {
  const stages = Math.ceil(Math.log(n) / Math.log(longLine));
  const root = Math.ceil(n ** (1 / stages));
  for (let length = root; length <= 2 * root; length++) if (n % length === 0) return length;
  return root;
}

function lowerSum(onnx: OnnxBuilder, x: string, type: TensorType, attrs: AxesAttrs): string {
  const count = sizeOf(attrs.axes.map((a) => type.shape[a]!));
  if (type.dtype !== "float32" || count <= longLine) return reduceSum(onnx, x, attrs.axes, attrs.keepDims);
  // Axes that lie side by side are one line; others are summed one after the other.
  const adjacent = attrs.axes.every((a, i) => i === 0 || a === attrs.axes[i - 1]! + 1);
  const groups = adjacent ? [attrs.axes] : attrs.axes.map((a) => [a]);
  let value = x;
  let shape: readonly number[] = type.shape;
  for (const group of [...groups].reverse()) {
    const before = shape.slice(0, group[0]!);
    const line = shape.slice(group[0]!, group[0]! + group.length);
    const after = shape.slice(group[0]! + group.length);
    value = sumLine(onnx, shapeTo(onnx, value, [...before, sizeOf(line), ...after]), before, sizeOf(line), after);
    shape = [...before, ...line.map(() => 1), ...after];
    value = shapeTo(onnx, value, shape);
  }
  return shapeTo(onnx, value, reducedType(type, attrs).shape);
}

/** The sum over the middle axis of `x` (before, n, after). */
function sumLine(onnx: OnnxBuilder, x: string, before: readonly number[], n: number, after: readonly number[]): string {
  if (n <= longLine) return reduceSum(onnx, x, [before.length], false);
  const length = pieceLength(n);
  const pieces = Math.ceil(n / length);
  const padded =
    pieces * length === n ? x : padAxis(onnx, x, [...before, n, ...after].length, before.length, pieces * length - n);
  const cut = shapeTo(onnx, padded, [...before, pieces, length, ...after]);
  return sumLine(onnx, reduceSum(onnx, cut, [before.length + 1], false), before, pieces, after);
}

function reduceSum(onnx: OnnxBuilder, x: string, axes: readonly number[], keep: boolean): string {
  return onnx.node("ReduceSum", [x, onnx.constant("int64", [axes.length], axes)], { keepdims: { int: keep ? 1 : 0 } });
}

function shapeTo(onnx: OnnxBuilder, x: string, shape: readonly number[]): string {
  return onnx.node("Reshape", [x, onnx.constant("int64", [shape.length], shape)], { allowzero: { int: 1 } });
}

/** `count` zeros behind one axis. */
function padAxis(onnx: OnnxBuilder, x: string, rank: number, axis: number, count: number): string {
  const pads = new Array<number>(2 * rank).fill(0);
  pads[rank + axis] = count;
  return onnx.node("Pad", [x, onnx.constant("int64", [2 * rank], pads), onnx.constant("float32", [], [0])]);
}

const sumOp: OpDef<readonly [Tensor], AxesAttrs> = {
  name: "sum",
  infer([x], attrs) {
    if (x.dtype !== "float32" && x.dtype !== "int32") throw dtypeError("sum", "x must be float32 or int32", show(x));
    return [reducedType(x, attrs)];
  },
  vjp: ([g], [x], _outputs, { axes }) => [
    g && x.dtype === "float32" ? broadcastTo(reshape(g, keptShape(x.shape, axes)), x.shape) : null,
  ],
  lower(onnx, [x], { types, outputs, attrs }) {
    if (sizeOf(types[0].shape) === 0) {
      const zero = onnx.constant(types[0].dtype, [], [0]);
      return [onnx.node("Expand", [zero, onnx.constant("int64", [outputs[0]!.shape.length], outputs[0]!.shape)])];
    }
    return [lowerSum(onnx, x, types[0], attrs)];
  },
  evaluate: ([x], attrs) => [reduceReference(0, (total, v) => total + v, x, attrs)],
  flops: ([x]) => sizeOf(x!.shape),
};

const maxOp: OpDef<readonly [Tensor], AxesAttrs> = {
  name: "max",
  infer([x], attrs) {
    if (x.dtype !== "float32" && x.dtype !== "int32") throw dtypeError("max", "x must be float32 or int32", show(x));
    const type = reducedType(x, attrs);
    if (attrs.axes.some((a) => x.shape[a] === 0) && sizeOf(type.shape) > 0)
      throw shapeError("max", "the reduced axes must not be empty", show(x));
    return [type];
  },
  // Elements that tie share the gradient equally.
  vjp([g], [x], [y], { axes }) {
    if (!g || x.dtype !== "float32") return [null];
    const kept = keptShape(x.shape, axes);
    const hit = cast(equal(x, reshape(y!, kept)), "float32");
    return [mul(hit, div(reshape(g, kept), sum(hit, axes, { keepDims: true })))];
  },
  lower(onnx, [x], { attrs, types, target }) {
    const reduceMax = (value: string): string =>
      onnx.node("ReduceMax", [value, onnx.constant("int64", [attrs.axes.length], attrs.axes)], {
        keepdims: { int: attrs.keepDims ? 1 : 0 },
      });
    const top = reduceMax(x);
    if (types[0].dtype !== "float32" || target.device === "webgpu") return [top];
    // The runtime's kernel passes a NaN over, unless it comes first.
    const hit = reduceMax(onnx.node("Cast", [onnx.node("IsNaN", [x])], { to: { int: onnxType.float32 } }));
    const isNaN = onnx.node("Cast", [hit], { to: { int: onnxType.bool } });
    return [onnx.node("Where", [isNaN, onnx.constant("float32", [], [NaN]), top])];
  },
  evaluate: ([x], attrs) => [
    reduceReference(
      -Infinity,
      (total, v) => (Number.isNaN(v) || Number.isNaN(total) ? NaN : Math.max(total, v)),
      x,
      attrs,
    ),
  ],
  flops: ([x]) => sizeOf(x!.shape),
};

/** Options of every reduction. */
export interface ReduceOptions {
  /** Keep the reduced axes with size 1. Default false. */
  readonly keepDims?: boolean;
}

function checkReduction(where: string, x: Tensor, options: ReduceOptions): void {
  checkTensor(where, "x", x);
  checkOptions(where, options, ["keepDims"]);
  const { keepDims = false } = options;
  if (typeof keepDims !== "boolean") throw optionError(where, "keepDims must be true or false", kindOf(keepDims));
}

/** Sum over `axes` (default: all). An empty axis sums to 0. Long sums go in stages, for accuracy. */
export function sum(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  checkReduction("sum", x, options);
  const list = normalizeAxes("sum", axes, x.rank);
  return list.length === 0 ? x : applyOp(sumOp, [x], { axes: list, keepDims: options.keepDims ?? false })[0]!;
}

/** Largest element over `axes` (default: all); NaN where there is one, but for WebGPU, which may pass it over. Ties share the gradient equally. */
export function max(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  checkReduction("max", x, options);
  const list = normalizeAxes("max", axes, x.rank);
  return list.length === 0 ? x : applyOp(maxOp, [x], { axes: list, keepDims: options.keepDims ?? false })[0]!;
}

/** Smallest element over `axes` (default: all); float32. */
export function min(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  checkReduction("min", x, options);
  if (x.dtype !== "float32") throw dtypeError("min", "x must be float32", show(x), 'Use cast(x, "float32").');
  return neg(max(neg(x), normalizeAxes("min", axes, x.rank), options));
}

/** Arithmetic mean over `axes` (default: all); float32. @throws HeedError when there is nothing to average. */
export function mean(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  checkReduction("mean", x, options);
  if (x.dtype !== "float32") throw dtypeError("mean", "x must be float32", show(x), 'Use cast(x, "float32").');
  const list = normalizeAxes("mean", axes, x.rank);
  const count = sizeOf(list.map((a) => x.shape[a]!));
  if (count === 0) throw shapeError("mean", "the reduced axes must not be empty", show(x));
  return mul(sum(x, list, options), 1 / count);
}
