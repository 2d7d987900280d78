// One step of attention for recurrent decoders: a mechanism applied to a query and a memory.

import { bindAxes } from "../core/axes.ts";
import { checkOptions } from "../core/errors.ts";
import { mark } from "../core/ops/control.ts";
import { expandDims } from "../core/ops/movement.ts";
import { where } from "../core/ops/select.ts";
import type { Tensor } from "../core/tensor.ts";
import type { Tree } from "../core/tree.ts";
import type { AttentionCell, AttentionResult, Memory } from "./contract.ts";
import { maskedSoftmax } from "./normalizers/softmax.ts";
import { additive } from "./scores/additive.ts";
import { coverage } from "./scores/coverage.ts";
import { dot } from "./scores/dot.ts";
import { soft } from "./selections/soft.ts";

/** The mechanisms by name. */
export const cells: { readonly [name in "additive" | "coverage" | "dot"]: AttentionCell } = {
  additive: { score: additive, normalize: maskedSoftmax, select: soft },
  coverage: { score: coverage, normalize: maskedSoftmax, select: soft },
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

/** The attention state before the first step; `{}` for mechanisms without a history. */
export function beginAttention(cell: AttentionCell, memory: PreparedMemory): Tree<Tensor> {
  return cell.score.history?.begin(memory.prepared) ?? {};
}

/** What one call of `attend` may be told. */
export interface AttendOptions {
  /** What the step before handed on, or `beginAttention`'s. Default: the beginning. */
  readonly state?: Tree<Tensor>;
  /** The name under which the weights can be observed; the scope is put in front. Default `attention`. */
  readonly site?: string;
}

/**
 * Attends once. A query that may look nowhere gets weights of 0, a context of 0 and finite gradients.
 *
 * @param memory - from `prepareMemory`.
 * @param query - float32 (B, Q).
 * @returns context (B, V), weights (B, S) and the state for the next step.
 */
export function attend(
  cell: AttentionCell,
  params: unknown,
  memory: PreparedMemory,
  query: Tensor,
  options: AttendOptions = {},
): AttentionResult {
  checkOptions("attend", options, ["state", "site"]);
  const { state = beginAttention(cell, memory), site = "attention" } = options;
  const scores = cell.score.score(params as never, query, memory.prepared, state);
  const weights = mark(cell.normalize(scores, memory.mask), site, "weights");
  return {
    ...cell.select(weights, memory.values),
    state: cell.score.history?.next(state as never, weights) ?? state,
  };
}
