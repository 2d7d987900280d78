// Soft selection: the expectation of the values under the weights.

import { bindAxes } from "../../core/axes.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { expandDims, squeeze } from "../../core/ops/movement.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Selection } from "../contract.ts";

/** weights (B, S), values (B, S, V) -> context (B, V), the weighted sum. */
export function soft(weights: Tensor, values: Tensor): ReturnType<Selection> {
  bindAxes("soft", { weights: [weights, "B S"], values: [values, "B S V"] });
  return { context: squeeze(matmul(expandDims(weights, 1), values), 1), weights };
}
