// Order along an axis: arg-max, the k largest, running sums.

import { normalizeAxis } from "../axes.ts";
import { dtypeError, shapeError } from "../errors.ts";
import { applyOp, checkTensor, type OpDef } from "../op.ts";
import { eachLine, refArray } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { mul } from "./binary.ts";
import { expandDims, squeeze, transpose } from "./movement.ts";
import { sum } from "./reduce.ts";
import { flip } from "./slice.ts";
import { oneHot } from "./take-along.ts";
import { positionsToInt32 } from "./webgpu.ts";

type AxisAttrs = { readonly axis: number };

const argMaxOp: OpDef<readonly [Tensor], AxisAttrs> = {
  name: "argMax",
  infer([x], { axis }) {
    if (x.dtype !== "float32") throw dtypeError("argMax", "x must be float32", show(x));
    if (x.shape[axis] === 0) throw shapeError("argMax", "the axis must not be empty", show(x));
    return [{ dtype: "int32", shape: x.shape.map((n, i) => (i === axis ? 1 : n)) }];
  },
  vjp: () => [null],
  lower(onnx, [x], { attrs, types, target }) {
    const positions = onnx.node("ArgMax", [x], { axis: { int: attrs.axis }, keepdims: { int: 1 } });
    return [positionsToInt32(onnx, target, positions, types[0].shape[attrs.axis]!)];
  },
  evaluate([x], { axis }) {
    const out = refArray(x.shape.map((n, i) => (i === axis ? 1 : n)));
    let line = 0;
    eachLine(x, axis, (read, _offset, n) => {
      let best = 0;
      for (let i = 1; i < n; i++) if (read(i) > read(best)) best = i;
      out.data[line++] = best;
    });
    return [out];
  },
};

/** int32: the position of the largest element along `axis` (the first of those that tie), without that axis. What it is where there is a NaN is not defined. */
export function argMax(x: Tensor, axis = -1): Tensor {
  checkTensor("argMax", "x", x);
  const at = normalizeAxis("argMax", axis, x.rank);
  return squeeze(applyOp(argMaxOp, [x], { axis: at })[0]!, at);
}

type TopAttrs = { readonly k: number };

const topKOp: OpDef<readonly [Tensor], TopAttrs> = {
  name: "topK",
  infer([x], { k }) {
    if (x.dtype !== "float32") throw dtypeError("topK", "x must be float32", show(x));
    if (x.rank < 1 || !Number.isInteger(k) || k < 1 || k > x.shape.at(-1)!)
      throw shapeError("topK", `k must be from 1 to the last axis of ${show(x)}`, String(k));
    const shape = [...x.shape.slice(0, -1), k];
    return [
      { dtype: "float32", shape },
      { dtype: "int32", shape },
    ];
  },
  vjp: ([g], [x], [, indices]) => [g ? sum(mul(expandDims(g, -1), oneHot(indices!, x.shape.at(-1)!)), -2) : null],
  lower(onnx, [x], { attrs, types, target }) {
    const k = onnx.constant("int64", [1], [attrs.k]);
    const [values, positions] = onnx.nodes("TopK", [x, k], { axis: { int: -1 } }, { outputs: 2 });
    return [values!, positionsToInt32(onnx, target, positions!, types[0].shape.at(-1)!)];
  },
  evaluate([x], { k }) {
    const n = x.shape.at(-1)!;
    const shape = [...x.shape.slice(0, -1), k];
    const values = refArray(shape);
    const indices = refArray(shape);
    for (let line = 0; line * n < x.data.length; line++) {
      const row = x.data.subarray(line * n, (line + 1) * n);
      const order = [...row.keys()].sort((a, b) => row[b]! - row[a]! || a - b).slice(0, k);
      order.forEach((at, i) => {
        values.data[line * k + i] = row[at]!;
        indices.data[line * k + i] = at;
      });
    }
    return [values, indices];
  },
};

/** The k largest elements of the last axis, in falling order, and their positions (int32); ties in order of position. Where NaN stands in the order is not defined. */
export function topK(x: Tensor, k: number): { readonly values: Tensor; readonly indices: Tensor } {
  const [values, indices] = applyOp(topKOp, [x], { k });
  return { values: values!, indices: indices! };
}

const cumsumOp: OpDef<readonly [Tensor], AxisAttrs> = {
  name: "cumsum",
  infer([x]) {
    if (x.dtype !== "float32") throw dtypeError("cumsum", "x must be float32", show(x));
    return [x];
  },
  vjp: ([g], _inputs, _outputs, { axis }) => [g ? flip(cumsum(flip(g, axis), axis), axis) : null],
  lower: (onnx, [x], { attrs }) => [onnx.node("CumSum", [x, onnx.constant("int32", [], [attrs.axis])])],
  evaluate([x], { axis }) {
    const out = refArray(x.shape);
    eachLine(x, axis, (read, offset, n) => {
      let total = 0;
      for (let i = 0; i < n; i++) out.data[offset(i)] = total += read(i);
    });
    return [out];
  },
};

/** Running sum along `axis`, each element included. */
export function cumsum(x: Tensor, axis = -1): Tensor {
  checkTensor("cumsum", "x", x);
  return applyOp(cumsumOp, [x], { axis: normalizeAxis("cumsum", axis, x.rank) })[0]!;
}

/** `x` with two axes swapped. */
export function swapAxes(x: Tensor, a: number, b: number): Tensor {
  checkTensor("swapAxes", "x", x);
  const from = normalizeAxis("swapAxes", a, x.rank);
  const to = normalizeAxis("swapAxes", b, x.rank);
  return transpose(
    x,
    x.shape.map((_, i) => (i === from ? to : i === to ? from : i)),
  );
}
