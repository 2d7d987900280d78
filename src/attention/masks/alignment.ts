// Alignment: which query and key stand at the same position when there are more of one than of the other.

import { inputError, optionError, shapeError } from "../../core/errors.ts";
import { show } from "../../core/tensor.ts";
import type { MaskSizes } from "./mask.ts";
import { scoresType } from "./sizes.ts";

/**
 * `start`: query 0 and key 0 stand at the same position (PyTorch's `is_causal`, Keras, JAX; ONNX without a cache).
 * `end`: the last query and the last key do (FlashAttention since 2.1, decoding from a cache, ONNX with one).
 */
export type Align = "start" | "end";

/** Refuses an alignment that is none. */
export function checkAlign(where: string, align: unknown): void {
  if (align !== undefined && align !== "start" && align !== "end")
    throw optionError(where, 'align must be "start" or "end"', String(JSON.stringify(align)));
}

/**
 * Query q stands where key q + offset does: 0 aligned at the start, S - T at the end.
 *
 * @param sizes - null where they were not given to `explain`.
 * @throws HeedError when the lengths differ and the alignment was not said.
 */
export function alignOffset(where: string, align: Align | undefined, sizes: MaskSizes | null): number {
  if (sizes === null) {
    if (align !== "end") return 0;
    throw inputError(
      `${where}.explain`,
      "sizes must be given for a mask that is aligned at the end",
      undefined,
      "Use explain(query, key, { sizes }).",
    );
  }
  const { queryLength, keyLength } = sizes;
  if (align === undefined && queryLength !== keyLength)
    throw shapeError(
      where,
      "align must be said when query and key lengths differ",
      `${queryLength} queries (query axis T) and ${keyLength} keys (keys axis S), scores ${show(scoresType(sizes))} as (B H T S)`,
      'Use align: "start" when query 0 stands at key 0 (PyTorch\'s is_causal, Keras, JAX), align: "end" when the last ' +
        "query stands at the last key (FlashAttention, decoding from a cache).",
    );
  return align === "end" ? keyLength - queryLength : 0;
}
