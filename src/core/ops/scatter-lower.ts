// The ONNX rule of `scatterAdd`: how rows are added into a table on each device.

import { sizeOf } from "../dtype.ts";
import type { OnnxBuilder, Target } from "../op.ts";
import type { TensorType } from "../tensor.ts";

/** Updates to one row are added in plain float32; beyond this many a sum is taken piece by piece. */
const longPiece = 512;

/**
 * Lowers `scatterAdd`: `updates` (n, ...) added into zeros (rows, ...) at `indices` (n).
 *
 * The runtime's ScatterND adds from several threads without keeping them apart on the CPU and on WebAssembly, and loses
 * updates to one row: its ScatterElements goes through them in order. WebGPU's ScatterND adds atomically.
 */
export function lowerScatter(
  onnx: OnnxBuilder,
  [indices, updates]: readonly [string, string],
  { types: [{ shape: from }], outputs: [{ shape }], target }: ScatterContext,
): string {
  const count = sizeOf(from);
  const zeros = (to: readonly number[]): string =>
    onnx.node("Expand", [onnx.constant("float32", [], [0]), onnx.constant("int64", [to.length], to)]);
  if (count === 0) return zeros(shape);
  const reshape = (value: string, to: readonly number[]): string =>
    onnx.node("Reshape", [value, onnx.constant("int64", [to.length], to)]);
  if (target.device === "webgpu") {
    const long = onnx.node("Cast", [reshape(indices, [count, 1])], { to: { int: 7 } });
    const rows = reshape(updates, [count, ...shape.slice(1)]);
    return onnx.node("ScatterND", [zeros(shape), long, rows], { reduction: { string: "add" } });
  }
  const [rows, width] = [shape[0]!, sizeOf(shape.slice(1))];
  const pieces = pieceCount(count, rows);
  const lines = reshape(indexOfPiece(onnx, reshape(indices, [count]), count, rows, pieces, reshape), [count, 1]);
  const everywhere = onnx.node("Expand", [lines, onnx.constant("int64", [2], [count, width])]);
  const tables = onnx.node(
    "ScatterElements",
    [zeros([pieces * rows, width]), everywhere, reshape(updates, [count, width])],
    { axis: { int: 0 }, reduction: { string: "add" } },
  );
  if (pieces === 1) return reshape(tables, shape);
  const axis = onnx.constant("int64", [1], [0]);
  return reshape(
    onnx.node("ReduceSum", [reshape(tables, [pieces, rows, width]), axis], { keepdims: { int: 0 } }),
    shape,
  );
}

interface ScatterContext {
  readonly types: readonly [TensorType, TensorType];
  readonly outputs: readonly [TensorType];
  readonly target: Target;
}

/** Into how many pieces of equal length the updates go, each with a table of its own; 1 where the tables would outgrow the updates. */
function pieceCount(count: number, rows: number): number {
  for (let pieces = Math.ceil(count / longPiece); pieces * rows <= count; pieces++)
    if (count % pieces === 0) return pieces;
  return 1;
}

/** The rows of the pieces' tables, one below the other; looked up first, so that negative and impossible indices mean what they mean to Gather. */
function indexOfPiece(
  onnx: OnnxBuilder,
  indices: string,
  count: number,
  rows: number,
  pieces: number,
  reshape: (value: string, to: readonly number[]) => string,
): string {
  if (pieces === 1) return indices;
  const own = onnx.node(
    "Gather",
    [
      onnx.constant(
        "int32",
        [rows],
        Int32Array.from({ length: rows }, (_, i) => i),
      ),
      indices,
    ],
    { axis: { int: 0 } },
  );
  const first = onnx.constant(
    "int32",
    [pieces, 1],
    Int32Array.from({ length: pieces }, (_, i) => i * rows),
  );
  return onnx.node("Add", [reshape(own, [pieces, count / pieces]), first]);
}
