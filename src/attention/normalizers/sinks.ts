// Softmax beside a sink: a logit of its own that takes weight and has no value.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf, type NdArray } from "../../core/ndarray.ts";
import { concat } from "../../core/ops/concat.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { softmax } from "../../core/ops/softmax.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Normalizer } from "../contract.ts";
import { checkRowNumber, lowest, overAllowed } from "./allowed.ts";
import { acrossHeads, checkHeadCount, headParameter } from "./per-head.ts";

/**
 * e^x_i / (e^sink + sum_j e^x_j) over the allowed positions: the weights sum to less than 1, or to 1 where rounding drops
 * the sink, and what is missing went to the sink. So a query may look nowhere.
 *
 * Blocked positions get exactly 0 and have no influence; a row without an allowed position gets weights of 0, and
 * gradients of 0 in scores and sink. NaN or +Infinity at an allowed position gives a row of NaN; -Infinity has weight 0,
 * in a row of nothing else too.
 *
 * @param scores - float32 (..., S).
 * @param mask - bool, broadcastable to the scores, true where allowed; null: everywhere. The sink is never blocked.
 * @param sink - float32, a scalar or (..., 1) broadcastable to the scores ((H, 1, 1) for one a head).
 * @returns weights (..., S), which sum to at most 1 over S.
 * @throws HeedError when sink or mask do not fit the scores.
 *
 * Source: OpenAI 2025, the gpt-oss model card (arXiv:2508.10925), section 2: a learned bias in the denominator of each head's softmax.
 *   Differs from the sink tokens of Xiao et al. 2023 (arXiv:2309.17453), which have keys and values.
 */
export function sinkSoftmax(scores: Tensor, mask: Tensor | null, sink: Tensor): Tensor {
  checkRowNumber("sinkSoftmax", "the sink", scores, sink);
  return overAllowed("sinkSoftmax", scores, mask, lowest, (x) => besideSink(x, sink));
}

/** The softmax of rows and one logit more, without the weight of that one. */
export function besideSink(x: Tensor, sink: Tensor): Tensor {
  const column = broadcastTo(sink, [...x.shape.slice(0, -1), 1]);
  return sliceAxis(softmax(concat([x, column], -1), -1), -1, 0, x.shape.at(-1)!);
}

/** The sink's logit: a scalar, or (H). */
export type SinkParams<T> = { readonly sink: T };

/** What `sinkNormalizer` is told. */
export interface SinkOptions {
  /** The logit before training, a finite number. Default 0, which is off-by-one. */
  readonly initial?: number;
  /** One sink for each head of scores (..., H, T, S). Default: one for all. */
  readonly headCount?: number;
}

/**
 * Softmax beside a learned sink as a stage of a cell. Parameters: `sink`, float32 [] or (H).
 *
 * @throws HeedError when an option is unknown or out of its range.
 */
export function sinkNormalizer(options: SinkOptions = {}): Normalizer<SinkParams<NdArray>> {
  checkOptions("sinkNormalizer", options, ["initial", "headCount"]);
  const { initial = 0, headCount } = options;
  if (typeof initial !== "number" || !Number.isFinite(Math.fround(initial)))
    throw optionError(
      "sinkNormalizer",
      "initial must be a finite number",
      typeof initial === "number" ? String(initial) : kindOf(initial),
    );
  checkHeadCount("sinkNormalizer", headCount);
  return {
    name: "sinks",
    init: () => ({ sink: headParameter(headCount, initial) }),
    normalize: ({ sink }: SinkParams<Tensor>, scores, mask) =>
      sinkSoftmax(scores, mask, acrossHeads("sinkNormalizer", sink, scores)),
  };
}
