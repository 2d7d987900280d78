// One step of attention for recurrent decoders: a mechanism applied to a query and a memory.

import { bindAxes } from "../core/axes.ts";
import { checkOptions, dtypeError, inputError } from "../core/errors.ts";
import { kindOf, type NdArray } from "../core/ndarray.ts";
import { mul } from "../core/ops/binary.ts";
import { and } from "../core/ops/compare.ts";
import { matmul } from "../core/ops/matmul.ts";
import { expandDims, squeeze } from "../core/ops/movement.ts";
import { where } from "../core/ops/select.ts";
import type { Rng } from "../core/random.ts";
import { show, type Tensor } from "../core/tensor.ts";
import type { Tree } from "../core/tree.ts";
import { checkParams, checkSizes } from "../nn/checks.ts";
import { offerStep } from "./observe/step.ts";
import type {
  AttentionCell,
  AttentionResult,
  CellConfig,
  CellParams,
  History,
  Memory,
  PreparedMemory,
} from "./contract.ts";

const stages = ["score", "window", "normalizer", "selection"] as const;
type StageName = (typeof stages)[number];

/** Refuses what is no mechanism; a name is looked up in `cells`. */
function checkCell(where: string, cell: AttentionCell): void {
  const whole = typeof cell === "object" && cell !== null && cell.score && cell.normalizer && cell.selection;
  if (whole) return;
  const got = typeof cell === "string" ? JSON.stringify(cell) : kindOf(cell);
  throw inputError(
    where,
    "the cell must be an object with a score, a normalizer and a selection",
    got,
    "`cells` has the usual ones by name.",
  );
}

/** Parameters of a mechanism, drawn from `rng` stage by stage. */
export function initAttention(cell: AttentionCell, config: CellConfig, rng: Rng): CellParams<NdArray> {
  checkCell("initAttention", cell);
  checkSizes("initAttention", config, ["querySize", "keySize", "alignmentSize"]);
  const init = (stage: StageName): Tree<NdArray> => cell[stage]?.init(config, rng) ?? {};
  return {
    score: init("score"),
    window: init("window"),
    normalizer: init("normalizer"),
    selection: init("selection"),
  };
}

/**
 * Computes what depends on the keys alone.
 *
 * Keys and values at positions that the mask blocks become 0 here: a weight of 0 alone would not keep a NaN out of the
 * context, nor out of the gradients. So what stands there has no influence at all, to the last bit.
 *
 * @throws HeedError when keys, values and mask disagree on batch or positions.
 */
export function prepareMemory(cell: AttentionCell, params: CellParams<Tensor>, memory: Memory): PreparedMemory {
  checkCell("prepareMemory", cell);
  checkParams("prepareMemory", params, ["score"]);
  if (typeof memory !== "object" || memory === null)
    throw inputError("prepareMemory", "the memory must be { keys, values, mask }", kindOf(memory));
  const { mask } = memory;
  bindAxes("prepareMemory", { keys: [memory.keys, "B S K"], values: [memory.values, "B S V"] });
  if (mask) bindAxes("prepareMemory", { keys: [memory.keys, "B S K"], mask: [mask, "B S"] });
  if (mask && mask.dtype !== "bool")
    throw dtypeError("prepareMemory", "mask must be bool, true at real positions", show(mask));
  const real = mask ? expandDims(mask, -1) : null;
  const keys = real ? where(real, memory.keys, 0) : memory.keys;
  const values = memory.values === memory.keys ? keys : real ? where(real, memory.values, 0) : memory.values;
  return { keys, values, mask, prepared: cell.score.prepare(params.score as never, keys) };
}

/** The stages' states, changed by `fn`; `{}` where no stage has any. */
function eachHistory(cell: AttentionCell, fn: (history: History, stage: StageName) => Tree<Tensor>): Tree<Tensor> {
  return Object.fromEntries(
    stages.flatMap((stage) => {
      const history = cell[stage]?.history;
      return history ? [[stage, fn(history, stage)] as const] : [];
    }),
  );
}

/** The attention state before the first step; `{}` for mechanisms without a history. */
export function beginAttention(cell: AttentionCell, memory: PreparedMemory): Tree<Tensor> {
  checkCell("beginAttention", cell);
  return eachHistory(cell, (history) => history.begin(memory));
}

/** What one call of `attend` may be told. */
export interface AttendOptions {
  /** What the step before handed on, or `beginAttention`'s. Default: the beginning. */
  readonly state?: Tree<Tensor>;
  /** Random key, int32[2], for selections that choose; null (default) while evaluating, when they choose the likeliest. */
  readonly key?: Tensor | null;
  /** The name under which the weights can be observed; the scope is put in front. Default `attention`. */
  readonly site?: string;
}

/**
 * Attends once. A query that may look nowhere gets weights of 0, a context of 0 and finite gradients.
 *
 * @param params - of the cell's structure, as `initAttention` gives it.
 * @param memory - from `prepareMemory`.
 * @param query - float32 (B, Q).
 * @returns context (B, V), weights (B, S) and the state for the next step; what selections tell of their choice besides.
 */
export function attend(
  cell: AttentionCell,
  params: CellParams<Tensor>,
  memory: PreparedMemory,
  query: Tensor,
  options: AttendOptions = {},
): AttentionResult {
  checkCell("attend", cell);
  checkParams(
    "attend",
    params,
    stages.filter((stage) => cell[stage]),
  );
  checkOptions("attend", options, ["state", "key", "site"]);
  const { state = beginAttention(cell, memory), key = null, site = "attention" } = options;
  const stateOf = (stage: StageName): Tree<Tensor> => (state as Readonly<Record<string, Tree<Tensor>>>)[stage] ?? {};
  const scores = cell.score.score(params.score as never, query, memory.prepared, stateOf("score"));
  const window = cell.window?.around(params.window as never, query, memory, stateOf("window"));
  const mask = window ? (memory.mask ? and(memory.mask, window.inside) : window.inside) : memory.mask;
  const normal = cell.normalizer.normalize(params.normalizer as never, scores, mask);
  const distribution = window?.factors ? mul(normal, window.factors) : normal;
  const step = { distribution, mask, state: stateOf("selection"), key };
  const selected = cell.selection.select(params.selection as never, step);
  const weights = offerStep(site, { scores, mask, distribution, weights: selected.weights, values: memory.values });
  return {
    ...selected,
    context: weigh(weights, memory.values),
    weights,
    distribution,
    state: eachHistory(cell, (history, stage) => history.next(stateOf(stage) as never, weights)),
  };
}

/** weights (B, S), values (B, S, V) -> (B, V), the weighted sum. */
function weigh(weights: Tensor, values: Tensor): Tensor {
  bindAxes("attend", { weights: [weights, "B S"], values: [values, "B S V"] });
  return squeeze(matmul(expandDims(weights, 1), values), 1);
}
