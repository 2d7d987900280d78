// A memory that is projected once and attended to many times, as an encoder's output while a decoder steps.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions } from "../../core/errors.ts";
import type { Tensor } from "../../core/tensor.ts";
import { rowPositions } from "../positions/rows.ts";
import { allOf, attendHeads, attendHeadsOptions, type AttendHeadsOptions } from "./attend-heads.ts";
import { checkParams } from "./check-params.ts";
import { checkMultiHeadConfig, type MultiHeadConfig } from "./config.ts";
import { memoryHeads, queryHeads, type HeadInputs, type HeadMemory } from "./heads.ts";
import type { MultiHeadParams } from "./params.ts";

/**
 * Heads of a memory that stays, as an encoder's output does while a decoder steps: made once, for `attendMemory`.
 *
 * @param inputs - `keys` float32 (B, S, K), and `values` float32 (B, S, V); default the keys.
 * @returns heads, keys (B, S, G, D) and values (B, S, G, E).
 * @throws HeedError as `multiHead`.
 */
export function projectMemory(
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  inputs: { readonly keys: Tensor; readonly values?: Tensor },
): HeadMemory<Tensor> {
  const where = "projectMemory";
  checkOptions(where, inputs, ["keys", "values"]);
  const sizes = checkMultiHeadConfig(where, config);
  const both: HeadInputs = { keys: inputs.keys, values: inputs.values ?? inputs.keys };
  checkParams(where, params, config, sizes, { ...both });
  return memoryHeads(params, config, sizes, both, rowPositions(inputs.keys.shape[1]!));
}

/**
 * `multiHead` over a memory that was projected before: the same output as with its keys and values.
 *
 * Positions count from the first query of the call, so a scheme of positions belongs to layers that attend to themselves.
 *
 * @param options - as `multiHead`'s.
 * @throws HeedError as `multiHead`.
 */
export function attendMemory(
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  memory: HeadMemory<Tensor>,
  options: AttendHeadsOptions & { readonly query: Tensor },
): { readonly output: Tensor } {
  const where = "attendMemory";
  checkOptions(where, options, ["query", ...attendHeadsOptions]);
  const sizes = checkMultiHeadConfig(where, config);
  const { query } = options;
  checkParams(where, params, config, sizes, { query });
  const heads = queryHeads(params, config, sizes, query, rowPositions(query.shape[1]!));
  bindAxes(where, {
    "heads of the query": [heads, "B T H D"],
    "memory.keys": [memory.keys, "B S G D"],
    "memory.values": [memory.values, "B S G E"],
  });
  return { output: attendHeads(params, config, heads, memory, { ...options, mask: allOf(config, options) }) };
}
