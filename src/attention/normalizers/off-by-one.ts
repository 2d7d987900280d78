// Softmax with an implicit logit of 0: a query may look nowhere.

import { fill } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { lowest, overAllowed } from "./allowed.ts";
import { besideSink } from "./sinks.ts";

/**
 * e^x_i / (1 + sum_j e^x_j) over the allowed positions: a sink whose logit is 0 and stays there. Scores far below 0 give
 * weights near 0, which no softmax does, so the scores' level counts and not their differences alone.
 *
 * Blocked positions get exactly 0 and have no influence; a row without an allowed position gets weights and gradients of
 * 0. NaN or +Infinity at an allowed position gives a row of NaN; -Infinity has weight 0, in a row of nothing else too.
 *
 * @param scores - float32 (..., S).
 * @param mask - bool, broadcastable to the scores, true where allowed; null: everywhere.
 * @returns weights (..., S), which sum to at most 1 over S.
 * @throws HeedError when the mask does not fit.
 *
 * Source: Miller 2023, "Attention is off by one"; Xiao et al. 2023 (arXiv:2309.17453), section 3.3, SoftMax-off-by-One.
 */
export function offByOne(scores: Tensor, mask: Tensor | null): Tensor {
  return overAllowed("offByOne", scores, mask, lowest, (x) => besideSink(x, fill([], 0)));
}

/** Softmax with an implicit logit of 0 as a stage of a cell. */
export const offByOneNormalizer: Normalizer<Record<never, never>> = {
  name: "offByOne",
  init: () => ({}),
  normalize: (_params, scores, mask) => offByOne(scores, mask),
};
