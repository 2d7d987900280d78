// One step of attention for recurrent decoders: a mechanism applied to a query and a memory.

import { bindAxes } from "../core/axes.ts";
import { mark } from "../core/ops/control.ts";
import { expandDims } from "../core/ops/movement.ts";
import { where } from "../core/ops/select.ts";
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

/**
 * Computes what depends on the keys alone.
 *
 * Keys and values at positions that the mask blocks become 0 here: a weight of 0 alone would not keep a NaN out of the
 * context, nor out of the gradients. So what stands there has no influence at all, to the last bit.
 *
 * @throws HeedError when keys, values and mask disagree on batch or positions.
 */
export function prepareMemory(cell: AttentionCell, params: unknown, memory: Memory): PreparedMemory {
  const { mask } = memory;
  bindAxes("prepareMemory", { keys: [memory.keys, "B S K"], values: [memory.values, "B S V"] });
  if (mask) bindAxes("prepareMemory", { keys: [memory.keys, "B S K"], mask: [mask, "B S"] });
  const real = mask ? expandDims(mask, -1) : null;
  const keys = real ? where(real, memory.keys, 0) : memory.keys;
  const values = memory.values === memory.keys ? keys : real ? where(real, memory.values, 0) : memory.values;
  return { keys, values, mask, prepared: cell.score.prepare(params as never, keys) };
}

/**
 * Attends once. A query that may look nowhere gets weights of 0, a context of 0 and finite gradients.
 *
 * @param memory - from `prepareMemory`.
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
