// Additive masks: float tensors that are added to the scores and block by being very negative.

import { lessEqual, not } from "../../core/ops/compare.ts";
import { where } from "../../core/ops/select.ts";
import { likeScores, scoresAxes, scoresRanks, threeAxes } from "./layouts.ts";
import type { Mask } from "./mask.ts";
import { checkSource, type MaskSource } from "./source.ts";
import { stored, type Layout } from "./stored.ts";

/**
 * The largest value that blocks. Every fill in use is at or below it: -10000 of BERT and ONNX Runtime's fused kernel
 * (-9984 in bfloat16), -3e4 and -65504 for float16, -1e9, float32's lowest, -Infinity. A bias as low as that gives a weight
 * of 0 in every float, unless all of its row is as low: only then does it matter that it blocks.
 */
export const blockedFrom = -9984;

/**
 * Reads an additive mask: values at or below -9984 block, all others are added to the scores as they are.
 *
 * A blocked pair is blocked outright instead of by adding, so that it does not matter which fill it has, two such masks
 * cannot overflow, large scores cannot leak through a mild fill, and a query with nothing else is an empty row. NaN is not
 * blocked: it is passed on.
 *
 * @param x - float32 (B, H, T, S), axes of size 1 stretched; or (T, S), (S) or (). Three axes are refused.
 * @throws HeedError for another dtype or number of axes; from `check` when an axis is neither 1 nor the scores'.
 */
export function fromAdditive(x: MaskSource): Mask {
  checkSource("fromAdditive", x, {
    axes: scoresAxes,
    takes: ["float32"],
    ranks: scoresRanks,
    dtypeHint: (dtype) =>
      dtype === "bool" ? "A bool mask is allow (true = attend) or fromTorchAttnMask (true = block)." : "Use from01.",
    rankHint: threeAxes,
  });
  return additiveNamed("fromAdditive", x, likeScores);
}

/** `fromAdditive` under the name of another importer. */
export function additiveNamed(name: string, x: MaskSource, layout: Layout): Mask {
  return stored(name, x, layout, {
    allows: {
      known: (value) => !(value <= blockedFrom),
      traced: (values) => not(lessEqual(values, blockedFrom)),
    },
    bias: (values) => where(lessEqual(values, blockedFrom), 0, values),
    why: (value) => `${value} ${value <= blockedFrom ? `is at or below ${blockedFrom}, which blocks,` : "is added"}`,
  });
}
