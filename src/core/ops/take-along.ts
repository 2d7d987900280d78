// One element a line by index (the log-probability of a target), and the one-hot tensor that undoes it.

import { normalizeAxis } from "../axes.ts";
import { dtypeError, shapeError } from "../errors.ts";
import { applyOp, type OpDef } from "../op.ts";
import { eachLine, refArray } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { mul } from "./binary.ts";
import { equal } from "./compare.ts";
import { expandDims, reshape, squeeze } from "./movement.ts";
import { cast } from "./select.ts";
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
    return [{ dtype: "float32", shape: indices.shape }];
  },
  vjp: ([g], [x, indices], _outputs, { axis }) => [
    g ? mul(g, oneHot(squeeze(indices, axis), x.shape[axis]!, axis)) : null,
    null,
  ],
  lower: (onnx, names, { attrs }) => [onnx.node("GatherElements", names, { axis: { int: attrs.axis } })],
  evaluate([x, indices], { axis }) {
    const out = refArray(indices.shape);
    let line = 0;
    // Lines of x and elements of indices come in the same order: (outer, inner).
    eachLine(x, axis, (read) => {
      out.data[line] = read(indices.data[line]!);
      line++;
    });
    return [out];
  },
  flops: () => 0,
};

/** The element at `indices` of each line of `x` along `axis` (default last): x (..., N, ...), indices (..., ...) int32 -> (..., ...). */
export function takeAlong(x: Tensor, indices: Tensor, axis = -1): Tensor {
  const at = normalizeAxis("takeAlong", axis, x.rank);
  return squeeze(applyOp(takeOp, [x, expandDims(indices, at)], { axis: at })[0]!, at);
}

/** 1 at `indices` and 0 elsewhere along a new axis of size `count`; indices outside give a line of zeros. float32. */
export function oneHot(indices: Tensor, count: number, axis = -1): Tensor {
  if (indices.dtype !== "int32") throw dtypeError("oneHot", "indices must be int32", show(indices));
  const at = axis < 0 ? indices.rank + 1 + axis : axis;
  const positions = reshape(
    iota(count),
    Array.from({ length: indices.rank + 1 }, (_, i) => (i === at ? count : 1)),
  );
  return cast(equal(expandDims(indices, at), positions), "float32");
}
