// Bias: numbers that are added to the scores.

import { likeScores, scoresAxes, scoresRanks, threeAxes } from "./layouts.ts";
import type { Mask } from "./mask.ts";
import { checkElements, checkSource, type MaskSource } from "./source.ts";
import { stored } from "./stored.ts";

/**
 * Allows every pair, and adds `x` to the scores (ALiBi, relative positions). The gradient goes back to `x`.
 *
 * @param x - float32 (B, H, T, S), axes of size 1 stretched; or (T, S), (S) or (). Three axes are refused, since (B, T, S)
 *   and (H, T, S) look alike. -Infinity belongs in `fromAdditive`, which turns it into blocked pairs; here a query with
 *   nothing else would become NaN.
 * @throws HeedError for another dtype or number of axes, or a known -Infinity; from `check` when an axis is neither 1 nor
 *   the scores'.
 */
export function bias(x: MaskSource): Mask {
  checkSource("bias", x, {
    axes: scoresAxes,
    takes: ["float32"],
    ranks: scoresRanks,
    dtypeHint: (dtype) => (dtype === "bool" ? "A bool mask blocks instead of adding: use allow." : undefined),
    rankHint: threeAxes,
  });
  checkElements("bias", x, "no value may be -Infinity", (value) => value !== -Infinity, "Use fromAdditive.");
  return stored("bias", x, likeScores, { allows: null, bias: (values) => values, why: (value) => `${value} is added` });
}
