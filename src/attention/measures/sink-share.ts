// Sink share: how much of their weight rows leave with positions that say nothing.

import { checkOptions, dtypeError, optionError, shapeError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { fromIndex, hostWeights, isIndex } from "./weights.ts";

/** Which keys are sinks. */
export interface SinkShareOptions {
  /**
   * The keys, as positions from 0 that hold for every row of the batch, or as bool (B, S) where special tokens stand
   * elsewhere in each. A position counts once. Default `[0]`, the first key.
   */
  readonly positions?: readonly number[] | NdArray;
}

/**
 * The weight that each row gives to sinks: sum of w_s over the sinks s.
 *
 * @param weights - float32 (B, H, T, S).
 * @returns float32 (B, H, T).
 * @throws HeedError for a position that is no key, or a mask of another shape.
 * Source: Xiao et al. 2023 (arXiv:2309.17453) for the first key; Clark et al. 2019 (arXiv:1906.04341) for separators.
 */
export function sinkShare(weights: NdArray, options: SinkShareOptions = {}): NdArray {
  const where = "sinkShare";
  checkOptions(where, options, ["positions"]);
  const { data, sizes } = hostWeights(where, "weights", weights);
  const { batchSize, headCount, queryLength, keyLength } = sizes;
  const sinks = sinksOf(where, options.positions ?? [0], weights);
  return fromIndex([batchSize, headCount, queryLength], (row) => {
    let share = 0;
    for (const s of sinks[Math.floor(row / (headCount * queryLength))]!) share += data[row * keyLength + s]!;
    return share;
  });
}

/** The sinks of each row of the batch. */
function sinksOf(
  where: string,
  positions: readonly number[] | NdArray,
  weights: NdArray,
): readonly (readonly number[])[] {
  const [B, S] = [weights.shape[0]!, weights.shape[3]!];
  if (positions instanceof NdArray) {
    if (positions.dtype !== "bool") throw dtypeError(where, "positions must be bool (B, S)", String(positions));
    if (positions.shape.length !== 2 || positions.shape[0] !== B || positions.shape[1] !== S)
      throw shapeError(
        where,
        `positions must be (B, S) = (${B}, ${S})`,
        `${String(positions)} for weights ${String(weights)}`,
      );
    const { data } = positions;
    return Array.from({ length: B }, (_, b) =>
      Array.from({ length: S }, (_, s) => s).filter((s) => data[b * S + s] !== 0),
    );
  }
  if (!Array.isArray(positions))
    throw optionError(where, "positions must be a list of keys, or bool (B, S)", kindOf(positions));
  const bad = positions.findIndex((s) => !isIndex(s, S));
  if (bad >= 0)
    throw optionError(
      where,
      `positions must be keys from 0 to ${S - 1}`,
      `${String(positions[bad])} for weights ${String(weights)}`,
    );
  const once = [...new Set(positions)];
  return Array.from({ length: B }, () => once);
}
