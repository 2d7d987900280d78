// One step of attention for recurrent decoders: a mechanism applied to a query and a memory.

import { mark } from "../core/ops/control.ts";
import type { Tensor } from "../core/tensor.ts";
import type { AttentionCell, AttentionResult, Memory } from "./contract.ts";
import { maskedSoftmax } from "./normalizers/softmax.ts";
import { additive } from "./scores/additive.ts";
import { dot } from "./scores/dot.ts";
import { soft } from "./selections/soft.ts";

/** The mechanisms by name. */
export const cells: { readonly [name in "additive" | "dot"]: AttentionCell } = {
  additive: { score: additive, normalize: maskedSoftmax, select: soft },
  dot: { score: dot, normalize: maskedSoftmax, select: soft },
};

/** A memory with what the score computes from the keys alone, made once for all queries. */
export interface PreparedMemory extends Memory {
  readonly prepared: Tensor;
}

/** Computes what depends on the keys alone. */
export function prepareMemory(cell: AttentionCell, params: unknown, memory: Memory): PreparedMemory {
  return { ...memory, prepared: cell.score.prepare(params as never, memory.keys) };
}

/**
 * Attends once.
 *
 * @param query - float32 (B, Q).
 * @param site - the name under which the weights can be observed; the scope is put in front. Default `attention`.
 * @returns context (B, V) and weights (B, S).
 */
export function attend(
  cell: AttentionCell,
  params: unknown,
  memory: PreparedMemory,
  query: Tensor,
  site = "attention",
): AttentionResult {
  const scores = cell.score.score(params as never, query, memory.prepared);
  const weights = mark(cell.normalize(scores, memory.mask), site, "weights");
  return cell.select(weights, memory.values);
}
