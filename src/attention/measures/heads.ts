// From the weights of all heads to one matrix of weights.

import { optionError } from "../../core/errors.ts";
import type { HostWeights } from "./weights.ts";

/** How the weights of all heads become one number a pair. */
export type HeadReduction = "mean" | "max" | "min";

const reductions: readonly HeadReduction[] = ["mean", "max", "min"];

/** Refuses a reduction that there is not. */
export function checkHeadReduction(where: string, heads: HeadReduction): void {
  if (!reductions.includes(heads))
    throw optionError(where, `heads must be one of ${reductions.join(", ")}`, JSON.stringify(heads));
}

/** Weights (B, H, T, S) -> (B, T, S) in float64. NaN in a head is passed on. */
export function reduceHeads({ data, sizes }: HostWeights, heads: HeadReduction): Float64Array {
  const { batchSize, headCount, queryLength, keyLength } = sizes;
  const pairs = queryLength * keyLength;
  const out = new Float64Array(batchSize * pairs);
  for (let b = 0; b < batchSize; b++)
    for (let p = 0; p < pairs; p++) {
      let value = data[b * headCount * pairs + p]!;
      for (let h = 1; h < headCount; h++) {
        const w = data[(b * headCount + h) * pairs + p]!;
        value = heads === "mean" ? value + w : heads === "max" ? Math.max(value, w) : Math.min(value, w);
      }
      out[b * pairs + p] = heads === "mean" ? value / headCount : value;
    }
  return out;
}
