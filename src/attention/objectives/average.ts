// The one rule by which objectives average: sums over the steps that count, divided by their number in the batch.

import { div, maximum, mul } from "../../core/ops/binary.ts";
import { stopGradient } from "../../core/ops/control.ts";
import { sum } from "../../core/ops/reduce.ts";
import { cast, where } from "../../core/ops/select.ts";
import { fill } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";

/** `x` (B, U) with 0 at steps that do not count; what stands there has no influence, not even as NaN. */
export function counted(x: Tensor, steps: Tensor | null): Tensor {
  return steps ? where(steps, x, 0) : x;
}

/** float32 (B, U): 1 at steps that count, else 0. */
export function stepCounts(like: Tensor, steps: Tensor | null): Tensor {
  return steps ? cast(steps, "float32") : fill([like.shape[0]!, like.shape[1]!], 1);
}

/** Sum of `x` (any axes) over the number of steps that count, of (B, U); 0 where none does. As `crossEntropy` averages. */
export function perStep(x: Tensor, counts: Tensor): Tensor {
  return div(sum(x), maximum(sum(counts), 1));
}

/** Values as metrics: no gradient flows through them. */
export function metricsOf(values: Readonly<Record<string, Tensor>>): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, stopGradient(value)]));
}

/** The mean square of `x` (B, U) over the steps that count. */
export function meanSquare(x: Tensor, counts: Tensor): Tensor {
  return perStep(mul(counts, mul(x, x)), counts);
}
