// Rows of a table by index (embeddings), and their counterpart that adds rows into a table.

import { sizeOf } from "../dtype.ts";
import { dtypeError, inputError, shapeError } from "../errors.ts";
import { applyOp, type OpDef } from "../op.ts";
import { refArray } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { lowerScatter } from "./scatter-lower.ts";

/** The reference's reading of an index, which is the runtime's: a negative one counts from the end. */
export function wrapIndex(where: string, index: number, count: number): number {
  if (index < -count || index >= count)
    throw inputError(where, `indices must lie in ${-count}..${count - 1}`, String(index));
  return index < 0 ? index + count : index;
}

const gatherOp: OpDef<readonly [Tensor, Tensor], Record<never, never>> = {
  name: "gather",
  infer([table, indices]) {
    if (indices.dtype !== "int32") throw dtypeError("gather", "indices must be int32", show(indices));
    if (table.rank < 1) throw shapeError("gather", "the table needs at least 1 axis", show(table));
    if (table.shape[0] === 0 && sizeOf(indices.shape) > 0)
      throw shapeError("gather", "the table must not be empty", show(table));
    return [{ dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] }];
  },
  vjp: ([g], [table, indices]) => [
    g && table.dtype === "float32" ? scatterAdd(table.shape[0]!, indices, g) : null,
    null,
  ],
  lower: (onnx, [table, indices]) => [onnx.node("Gather", [table, indices], { axis: { int: 0 } })],
  evaluate([table, indices]) {
    const width = sizeOf(table.shape.slice(1));
    const out = refArray([...indices.shape, ...table.shape.slice(1)]);
    indices.data.forEach((index, i) => {
      const row = wrapIndex("gather", index, table.shape[0]!);
      out.data.set(table.data.subarray(row * width, (row + 1) * width), i * width);
    });
    return [out];
  },
  flops: () => 0,
};

/**
 * Rows of `table` (V, ...) at `indices` (any shape, int32) -> indices.shape + table.shape[1:].
 *
 * Indices lie in -V..V-1, and a negative one counts from the end, as the runtime has it. It refuses others on the CPU
 * when it runs; on WebGPU they give what they give.
 */
export function gather(table: Tensor, indices: Tensor): Tensor {
  return applyOp(gatherOp, [table, indices], {})[0]!;
}

type ScatterAttrs = { readonly rows: number };

const scatterOp: OpDef<readonly [Tensor, Tensor], ScatterAttrs> = {
  name: "scatterAdd",
  infer([indices, updates], { rows }) {
    if (indices.dtype !== "int32" || updates.dtype !== "float32")
      throw dtypeError(
        "scatterAdd",
        "indices must be int32 and updates float32",
        `${show(indices)} and ${show(updates)}`,
      );
    if (indices.shape.some((n, i) => updates.shape[i] !== n))
      throw shapeError(
        "scatterAdd",
        "updates must begin with the axes of indices",
        `${show(updates)} for ${show(indices)}`,
      );
    return [{ dtype: "float32", shape: [rows, ...updates.shape.slice(indices.rank)] }];
  },
  vjp: ([g], [indices]) => [null, g ? gather(g, indices) : null],
  lower: (onnx, names, { types, outputs, target }) => [
    lowerScatter(onnx, names, { types, outputs: [outputs[0]!], target }),
  ],
  evaluate([indices, updates], { rows }) {
    const rest = updates.shape.slice(indices.shape.length);
    const width = sizeOf(rest);
    const out = refArray([rows, ...rest]);
    indices.data.forEach((index, i) => {
      const row = wrapIndex("scatterAdd", index, rows);
      for (let k = 0; k < width; k++) out.data[row * width + k]! += updates.data[i * width + k]!;
    });
    return [out];
  },
};

/**
 * Zeros (rows, ...) with `updates` added in: `updates[i]` goes to row `indices[i]`; repeats add up. Indices are those
 * of `gather`.
 */
export function scatterAdd(rows: number, indices: Tensor, updates: Tensor): Tensor {
  if (!Number.isInteger(rows) || rows < 0) throw shapeError("scatterAdd", "rows must be an integer >= 0", String(rows));
  return applyOp(scatterOp, [indices, updates], { rows })[0]!;
}
