// Sizes of scores: their check, their type, and ranges of keys inside them.

import { shapeError } from "../../core/errors.ts";
import { array } from "../../core/ndarray.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor, TensorType } from "../../core/tensor.ts";
import type { MaskSizes } from "./mask.ts";

const names = ["batchSize", "headCount", "queryLength", "keyLength"] as const;

/** Refuses sizes that are no sizes. */
export function checkSizes(where: string, sizes: MaskSizes): void {
  for (const name of names) {
    const size: unknown = sizes?.[name];
    if (!Number.isInteger(size) || (size as number) < 0)
      throw shapeError(where, `${name} must be an integer >= 0`, String(size));
  }
}

/** The type of scores of these sizes, as messages show it: float32 (B, H, T, S). */
export function scoresType(sizes: MaskSizes): TensorType {
  return { dtype: "float32", shape: names.map((name) => sizes[name]) };
}

/** A range of keys cut to 0..S; an empty one stays in order. */
export function clampRange(from: number, to: number, sizes: MaskSizes): readonly [from: number, to: number] {
  const start = Math.min(Math.max(0, from), sizes.keyLength);
  return [start, Math.min(Math.max(start, to), sizes.keyLength)];
}

/** bool (B, S), true for keys `from` (included) to `to` (excluded); null where that is all of them. */
export function keysBetween(from: number, to: number, sizes: MaskSizes): Tensor | null {
  const { batchSize, keyLength } = sizes;
  const [start, end] = clampRange(from, to, sizes);
  if (start === 0 && end === keyLength) return null;
  const inside = Uint8Array.from({ length: keyLength }, (_, key) => Number(key >= start && key < end));
  return broadcastTo(constant(array(inside, { dtype: "bool", shape: [1, keyLength] })), [batchSize, keyLength]);
}
