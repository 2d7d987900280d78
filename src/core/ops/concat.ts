// Joining and cutting along one axis: concat, split, stack, unstack.

import { normalizeAxis } from "../axes.ts";
import { dtypeError, graphError, shapeError } from "../errors.ts";
import { kindOf } from "../ndarray.ts";
import { sizeOf } from "../dtype.ts";
import { applyOp, checkTensor, type OpDef } from "../op.ts";
import { refArray } from "../reference.ts";
import { sameType, show, type Tensor } from "../tensor.ts";
import { expandDims, reshape } from "./movement.ts";
import { fill } from "./source.ts";
import { moveAsNumbers } from "./webgpu.ts";

type ConcatAttrs = { readonly axis: number };

const concatOp: OpDef<readonly Tensor[], ConcatAttrs> = {
  name: "concat",
  infer(parts, { axis }) {
    const first = parts[0]!;
    for (const part of parts) {
      if (part.dtype !== first.dtype)
        throw dtypeError("concat", "all parts must be of one dtype", parts.map(show).join(", "));
      if (part.rank !== first.rank || part.shape.some((n, i) => i !== axis && n !== first.shape[i]))
        throw shapeError("concat", `all parts must have equal sizes but for axis ${axis}`, parts.map(show).join(", "));
    }
    const total = parts.reduce((n, part) => n + part.shape[axis]!, 0);
    return [{ dtype: first.dtype, shape: first.shape.map((n, i) => (i === axis ? total : n)) }];
  },
  vjp: ([g], parts, _outputs, { axis }) =>
    g && parts[0]!.dtype === "float32"
      ? split(
          g,
          parts.map((p) => p.shape[axis]!),
          axis,
        )
      : parts.map(() => null),
  lower(onnx, names, { attrs, types, target }) {
    const full = names.filter((_, i) => types[i]!.shape[attrs.axis] !== 0);
    if (full.length === 1) return full;
    return moveAsNumbers(onnx, target, types[0]!.dtype, full, (parts) => [
      onnx.node("Concat", parts, { axis: { int: attrs.axis } }),
    ]);
  },
  evaluate(parts, { axis }) {
    const total = parts.reduce((n, part) => n + part.shape[axis]!, 0);
    const out = refArray(parts[0]!.shape.map((n, i) => (i === axis ? total : n)));
    const inner = sizeOf(out.shape.slice(axis + 1));
    const outer = sizeOf(out.shape.slice(0, axis));
    let start = 0;
    for (const part of parts) {
      const width = part.shape[axis]! * inner;
      for (let o = 0; o < outer; o++)
        out.data.set(part.data.subarray(o * width, (o + 1) * width), o * total * inner + start);
      start += width;
    }
    return [out];
  },
  flops: () => 0,
};

/** Tensors joined along `axis` (default 0). @throws HeedError when there are none, or they do not fit. */
export function concat(parts: readonly Tensor[], axis = 0): Tensor {
  const first = firstOf("concat", parts);
  const at = normalizeAxis("concat", axis, first.rank);
  return parts.length === 1 ? first : applyOp(concatOp, [...parts], { axis: at })[0]!;
}

/** The first of several tensors. @throws HeedError when they are no list, none, or something else. */
function firstOf(where: string, parts: readonly Tensor[]): Tensor {
  if (!Array.isArray(parts)) throw graphError(where, "the parts must be a list of tensors", kindOf(parts));
  parts.forEach((part, i) => checkTensor(where, `part ${i}`, part));
  if (parts.length === 0) throw shapeError(where, "at least one tensor is required", "0");
  return parts[0] as Tensor;
}

type SplitAttrs = { readonly sizes: readonly number[]; readonly axis: number };

const splitOp: OpDef<readonly [Tensor], SplitAttrs> = {
  name: "split",
  infer([x], { sizes, axis }) {
    if (
      sizes.length === 0 ||
      !sizes.every((n) => Number.isInteger(n) && n >= 0) ||
      sizes.reduce((a, b) => a + b, 0) !== x.shape[axis]
    )
      throw shapeError(
        "split",
        `sizes must add up to ${x.shape[axis]} on axis ${axis} of ${show(x)}`,
        `[${sizes.join(", ")}]`,
      );
    return sizes.map((n) => ({ dtype: x.dtype, shape: x.shape.map((m, i) => (i === axis ? n : m)) }));
  },
  vjp(grads, [x], outputs, { axis }) {
    if (x.dtype !== "float32") return [null];
    return [
      concat(
        grads.map((g, i) => g ?? fill(outputs[i]!.shape, 0)),
        axis,
      ),
    ];
  },
  lower(onnx, [x], { attrs: { sizes, axis }, types, target }) {
    const full = sizes.filter((n) => n > 0);
    const parts =
      full.length === 1
        ? [x]
        : moveAsNumbers(onnx, target, types[0].dtype, [x], (operands) => {
            const lengths = onnx.constant("int64", [full.length], full);
            return onnx.nodes("Split", [...operands, lengths], { axis: { int: axis } }, { outputs: full.length });
          });
    let next = 0;
    return sizes.map((n) => (n > 0 ? parts[next++]! : ""));
  },
  evaluate([x], { sizes, axis }) {
    const inner = sizeOf(x.shape.slice(axis + 1));
    const outer = sizeOf(x.shape.slice(0, axis));
    let start = 0;
    return sizes.map((n) => {
      const out = refArray(x.shape.map((m, i) => (i === axis ? n : m)));
      for (let o = 0; o < outer; o++)
        for (let k = 0; k < n * inner; k++)
          out.data[o * n * inner + k] = x.data[o * x.shape[axis]! * inner + start + k]!;
      start += n * inner;
      return out;
    });
  },
  flops: () => 0,
};

/** `x` cut along `axis` into parts of the given sizes, which must add up; or into `sizes` equal parts when it is a number. */
export function split(x: Tensor, sizes: readonly number[] | number, axis = -1): readonly Tensor[] {
  checkTensor("split", "x", x);
  const at = normalizeAxis("split", axis, x.rank);
  if (typeof sizes === "number") {
    if (!Number.isInteger(sizes) || sizes < 1 || x.shape[at]! % sizes !== 0)
      throw shapeError("split", `the number of parts must divide axis ${at} of ${show(x)}`, String(sizes));
    sizes = new Array<number>(sizes).fill(x.shape[at]! / sizes);
  }
  return sizes.length === 1 && sizes[0] === x.shape[at] ? [x] : applyOp(splitOp, [x], { sizes: [...sizes], axis: at });
}

/** Tensors of one shape joined along a new axis. @throws HeedError when there are none, or they do not fit. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  const first = firstOf("stack", parts);
  const at = normalizeAxis("stack", axis, first.rank + 1);
  if (!parts.every((part) => sameType(part, first)))
    throw shapeError("stack", "all tensors must be of one dtype and shape", parts.map(show).join(", "));
  return concat(
    parts.map((part) => expandDims(part, at)),
    at,
  );
}

/** The slices of `x` along `axis`, without that axis. */
export function unstack(x: Tensor, axis = 0): readonly Tensor[] {
  checkTensor("unstack", "x", x);
  const at = normalizeAxis("unstack", axis, x.rank);
  const shape = x.shape.filter((_, i) => i !== at);
  return x.shape[at] === 0 ? [] : split(x, x.shape[at]!, at).map((part) => reshape(part, shape));
}
