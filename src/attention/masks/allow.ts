// Allow: a bool for every pair.

import type { DType } from "../../core/dtype.ts";
import { likeScores, scoresAxes, scoresRanks, threeAxes } from "./layouts.ts";
import type { Mask } from "./mask.ts";
import { checkSource, type MaskSource } from "./source.ts";
import { stored, type Layout, type Meaning } from "./stored.ts";

/** True may meet. */
export const trueAllows: Meaning = {
  allows: { known: (value) => value !== 0, traced: (values) => values },
  why: (value) => `the mask is ${value !== 0}`,
};

/** What went wrong when zeros and ones, or values to add, are passed for a bool mask. */
export function boolHint(dtype: DType): string | undefined {
  if (dtype === "float32")
    return (
      "Float masks have another meaning: PyTorch adds them to the scores, so that zeros and ones are +0 and +1 and block " +
      "nothing. Use fromAdditive for values that are added, and convert zeros and ones to int32 for from01."
    );
  return dtype === "int32" || dtype === "uint8" ? "Zeros and ones, 1 = attend, are read by from01." : undefined;
}

/** `allow` under the name of an importer. */
export function allowNamed(name: string, x: MaskSource, layout: Layout): Mask {
  return stored(name, x, layout, trueAllows);
}

/**
 * Allows the pairs where `x` is true.
 *
 * @param x - bool (B, H, T, S), axes of size 1 stretched; or (T, S), (S) or (). Two axes are never (B, S): a padding mask
 *   is `keyPadding`. Three axes are refused, since (B, T, S) and (H, T, S) look alike.
 * @throws HeedError for another dtype or number of axes; from `check` when an axis is neither 1 nor the scores'.
 */
export function allow(x: MaskSource): Mask {
  checkSource("allow", x, {
    axes: scoresAxes,
    takes: ["bool"],
    ranks: scoresRanks,
    dtypeHint: boolHint,
    rankHint: threeAxes,
  });
  return allowNamed("allow", x, likeScores);
}
