// The float64 reference: arrays, index arithmetic, and the interpreter that runs a whole graph in plain JavaScript.

import { sizeOf } from "./dtype.ts";
import { graphError, shapeError } from "./errors.ts";
import type { RefArray } from "./op.ts";
import { sameShape, show, topological, type Tensor } from "./tensor.ts";

/** A reference array of zeros, or filled by `fill(flat index)`. */
export function refArray(shape: readonly number[], fill?: (index: number) => number): RefArray {
  const data = new Float64Array(sizeOf(shape));
  if (fill) for (let i = 0; i < data.length; i++) data[i] = fill(i);
  return { shape, data };
}

/** Row-major strides of a shape. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** Calls `visit` with every multi-index of a shape in row-major order; the index array is reused. */
export function eachIndex(shape: readonly number[], visit: (index: readonly number[], flat: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** The flat offset of a multi-index under strides. */
export function offsetOf(index: readonly number[], strides: readonly number[]): number {
  let offset = 0;
  for (let i = 0; i < strides.length; i++) offset += index[i]! * strides[i]!;
  return offset;
}

/** An array stretched to `shape` by NumPy's broadcasting rule. */
export function refBroadcast(x: RefArray, shape: readonly number[]): RefArray {
  const own = stridesOf(x.shape);
  const lead = shape.length - x.shape.length;
  const strides = shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : own[i - lead]!));
  const out = refArray(shape);
  eachIndex(shape, (index, flat) => (out.data[flat] = x.data[offsetOf(index, strides)]!));
  return out;
}

/**
 * Views an array as (outer, n, inner) around one axis and calls `visit(read, write, n)` for each (outer, inner) line.
 * `read(i)` is the i-th element of the line; `write` gives its flat offset.
 */
export function eachLine(
  x: RefArray,
  axis: number,
  visit: (read: (i: number) => number, offset: (i: number) => number, n: number) => void,
): void {
  const n = x.shape[axis]!;
  const inner = sizeOf(x.shape.slice(axis + 1));
  const outer = sizeOf(x.shape.slice(0, axis));
  for (let o = 0; o < outer; o++)
    for (let k = 0; k < inner; k++) {
      const offset = (i: number): number => (o * n + i) * inner + k;
      visit((i) => x.data[offset(i)]!, offset, n);
    }
}

/**
 * Runs a graph on the float64 reference.
 *
 * @param outputs - the tensors wanted.
 * @param feeds - values of the graph's inputs (and of its `random` nodes, where it has any); what lies before a fed tensor
 *   is not computed.
 * @returns one array for each output. @throws HeedError when a feed is missing.
 */
export function evaluateReference(
  outputs: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, RefArray>,
): readonly RefArray[] {
  for (const [t, { shape }] of feeds)
    if (!sameShape(shape, t.shape))
      throw shapeError("evaluateReference", `the value of ${show(t)} must have its shape`, `[${shape.join(", ")}]`);
  const values = new Map<Tensor, RefArray>(feeds);
  for (const node of topological(outputs, values)) {
    if (node.outputs.every((t) => values.has(t))) continue;
    if (node.op.source)
      throw graphError("evaluateReference", `a value is required for ${node.op.name}`, show(node.outputs[0]!));
    const inputs = node.inputs.map((t) => values.get(t)!);
    const results = node.op.evaluate(inputs as never, node.attrs);
    node.outputs.forEach((t, i) => values.has(t) || values.set(t, results[i]!));
  }
  return outputs.map((t) => values.get(t)!);
}
