// Mean distance: how far rows of weights look.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf, type NdArray } from "../../core/ndarray.ts";
import { fromIndex, hostWeights } from "./weights.ts";

/** Where queries and keys stand. */
export interface DistanceOptions {
  /** The position of each query, T finite numbers. Default 0, 1, 2 ... */
  readonly queryPositions?: readonly number[];
  /** The position of each key, S finite numbers. Default 0, 1, 2 ... */
  readonly keyPositions?: readonly number[];
}

/**
 * The mean distance of each row in positions: sum over s of w_s |position of the query - position of key s|.
 *
 * @param weights - float32 (B, H, T, S). Rows that do not sum to 1 are taken as they are.
 * @returns float32 (B, H, T).
 * @throws HeedError when there is not a position for each query and key.
 * Source: Vig and Belinkov 2019 (arXiv:1906.04284), attention distance, here of each row.
 */
export function meanDistance(weights: NdArray, options: DistanceOptions = {}): NdArray {
  const where = "meanDistance";
  checkOptions(where, options, ["queryPositions", "keyPositions"]);
  const { data, sizes } = hostWeights(where, "weights", weights);
  const { batchSize, headCount, queryLength, keyLength } = sizes;
  const queries = positionsOf(where, "queryPositions", options.queryPositions, queryLength);
  const keys = positionsOf(where, "keyPositions", options.keyPositions, keyLength);
  return fromIndex([batchSize, headCount, queryLength], (row) => {
    const query = queries[row % queryLength]!;
    let distance = 0;
    for (let s = 0; s < keyLength; s++) distance += data[row * keyLength + s]! * Math.abs(query - keys[s]!);
    return distance;
  });
}

function positionsOf(
  where: string,
  name: keyof DistanceOptions,
  positions: readonly number[] | undefined,
  count: number,
): readonly number[] {
  if (positions === undefined) return Array.from({ length: count }, (_, i) => i);
  if (!Array.isArray(positions) || !positions.every((p) => Number.isFinite(p)))
    throw optionError(where, `${name} must be a list of finite numbers`, Array.isArray(positions) ? `[${positions.join(", ")}]` : kindOf(positions)); // prettier-ignore
  if (positions.length !== count)
    throw optionError(where, `${name} must hold ${count} positions`, String(positions.length));
  return positions as readonly number[];
}
