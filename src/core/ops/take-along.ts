// One element a line by index (the log-probability of a target), and the one-hot tensor that undoes it.

import { normalizeAxis } from "../axes.ts";
import { sizeOf } from "../dtype.ts";
import { dtypeError, shapeError } from "../errors.ts";
import { checkShape } from "../ndarray.ts";
import { applyOp, checkTensor, type OpDef } from "../op.ts";
import { eachLine, refArray } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { add, mul } from "./binary.ts";
import { equal, less } from "./compare.ts";
import { wrapIndex } from "./gather.ts";
import { expandDims, reshape, squeeze } from "./movement.ts";
import { cast, where } from "./select.ts";
import { iota } from "./source.ts";

type AxisAttrs = { readonly axis: number };

const takeOp: OpDef<readonly [Tensor, Tensor], AxisAttrs> = {
  name: "takeAlong",
  infer([x, indices], { axis }) {
    if (x.dtype !== "float32" || indices.dtype !== "int32")
      throw dtypeError("takeAlong", "x must be float32 and indices int32", `${show(x)} and ${show(indices)}`);
    const fits = indices.rank === x.rank && indices.shape.every((n, i) => n === (i === axis ? 1 : x.shape[i]));
    if (!fits)
      throw shapeError(
        "takeAlong",
        `indices must be shaped as x with axis ${axis} of size 1`,
        `${show(indices)} for ${show(x)}`,
      );
    if (x.shape[axis] === 0 && sizeOf(indices.shape) > 0)
      throw shapeError("takeAlong", `axis ${axis} of x must not be empty`, show(x));
    return [{ dtype: "float32", shape: indices.shape }];
  },
  vjp([g], [x, indices], _outputs, { axis }) {
    if (!g) return [null, null];
    const count = x.shape[axis]!;
    const fromFront = where(less(indices, 0), add(indices, count), indices);
    return [mul(g, oneHot(squeeze(fromFront, axis), count, axis)), null];
  },
  lower: (onnx, names, { attrs }) => [onnx.node("GatherElements", names, { axis: { int: attrs.axis } })],
  evaluate([x, indices], { axis }) {
    const out = refArray(indices.shape);
    let line = 0;
    // Lines of x and elements of indices come in the same order: (outer, inner).
    eachLine(x, axis, (read) => {
      out.data[line] = read(wrapIndex("takeAlong", indices.data[line]!, x.shape[axis]!));
      line++;
    });
    return [out];
  },
  flops: () => 0,
};

/**
 * The element at `indices` of each line of `x` along `axis` (default last): x (..., N, ...), indices (..., ...) int32 -> (..., ...).
 *
 * Indices lie in -N..N-1, and a negative one counts from the end, as in `gather`.
 */
export function takeAlong(x: Tensor, indices: Tensor, axis = -1): Tensor {
  checkTensor("takeAlong", "x", x);
  checkTensor("takeAlong", "indices", indices);
  if (indices.rank !== x.rank - 1)
    throw shapeError(
      "takeAlong",
      `indices must be shaped as x without axis ${axis}`,
      `${show(indices)} for ${show(x)}`,
    );
  const at = normalizeAxis("takeAlong", axis, x.rank);
  return squeeze(applyOp(takeOp, [x, expandDims(indices, at)], { axis: at })[0]!, at);
}

/** 1 at `indices` and 0 elsewhere along a new axis of size `count`; indices outside give a line of zeros. float32. */
export function oneHot(indices: Tensor, count: number, axis = -1): Tensor {
  checkTensor("oneHot", "indices", indices);
  checkShape("oneHot", [count]);
  if (indices.dtype !== "int32") throw dtypeError("oneHot", "indices must be int32", show(indices));
  const at = normalizeAxis("oneHot", axis, indices.rank + 1);
  const positions = reshape(
    iota(count),
    Array.from({ length: indices.rank + 1 }, (_, i) => (i === at ? count : 1)),
  );
  return cast(equal(expandDims(indices, at), positions), "float32");
}
