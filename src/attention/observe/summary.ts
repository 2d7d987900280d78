// What rows of weights are like, in four numbers a row.

import { mul, sub } from "../../core/ops/binary.ts";
import { equal, less } from "../../core/ops/compare.ts";
import { stack } from "../../core/ops/concat.ts";
import { squeeze, transpose } from "../../core/ops/movement.ts";
import { max, sum } from "../../core/ops/reduce.ts";
import { cast, where } from "../../core/ops/select.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { abs, log, neg } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { MaskCoordinates } from "../masks/mask.ts";
import type { WeightSummary } from "./site.ts";

/** weights (B, H, T, S) at positions -> (B, H, T, 4): entropy, largest, weight of the first key, mean distance. */
export function summarizeRows(weights: Tensor, at: MaskCoordinates): Tensor {
  const some = less(0, weights);
  const entropy = neg(sum(mul(weights, log(where(some, weights, 1))), -1));
  const first = sum(mul(weights, cast(equal(at.key, 0), "float32")), -1);
  const distance = sum(mul(weights, abs(cast(sub(at.query, at.key), "float32"))), -1);
  const largest = weights.shape[3] === 0 ? entropy : max(weights, -1); // of no keys both are 0
  return stack([entropy, largest, first, distance], -1);
}

/** (B, T, H, 4), as blocks give it, by name and heads first. */
export function summaryOf(rows: Tensor): WeightSummary {
  const [entropy, maximum, sink, distance] = [0, 1, 2, 3].map((i) =>
    transpose(squeeze(sliceAxis(rows, 3, i, i + 1), 3), [0, 2, 1]),
  ) as [Tensor, Tensor, Tensor, Tensor];
  return { entropy, maximum, sink, distance };
}
