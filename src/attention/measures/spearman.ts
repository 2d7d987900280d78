// Spearman's rank correlation: whether two measures order positions alike.

import { inputError, shapeError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";

/**
 * Spearman's rho: the correlation of the ranks of two lists, in which equal values share the mean of their ranks.
 *
 * @param a - numbers, for instance a row of weights; no NaN. At least two.
 * @param b - as many, for instance the changes of `leaveOneOutChange`.
 * @returns -1 to 1; NaN where all values of a list are equal, which have no order.
 * @throws HeedError when the lengths differ, there are fewer than two, or a value is NaN.
 * Source: Spearman 1904, "The Proof and Measurement of Association between Two Things"; ties as Kendall 1945.
 */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const where = "spearman";
  for (const [name, list] of Object.entries({ a, b })) {
    if (typeof list !== "object" || list === null || typeof list.length !== "number")
      throw inputError(where, `${name} must be a list of numbers`, kindOf(list), "Pass `array.data` of an NdArray.");
    const bad = Array.from(list).findIndex((v) => typeof v !== "number" || Number.isNaN(v));
    if (bad >= 0) throw inputError(where, `${name} must hold numbers`, `${String(list[bad])} at ${bad}`);
  }
  if (a.length !== b.length || a.length < 2)
    throw shapeError(where, "a and b must be equally long, and two or more", `${a.length} and ${b.length} numbers`);
  return correlation(ranks(a), ranks(b));
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((i, j) => (values[i]! < values[j]! ? -1 : values[i]! > values[j]! ? 1 : 0)); // prettier-ignore
  const out = new Float64Array(values.length);
  for (let from = 0, to: number; from < order.length; from = to) {
    for (to = from + 1; to < order.length && values[order[to]!] === values[order[from]!]; to++);
    for (let k = from; k < to; k++) out[order[k]!] = (from + 1 + to) / 2;
  }
  return out;
}

/** Pearson's correlation of two lists of one mean, as all lists of ranks of one length are. */
function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (a.length + 1) / 2;
  let [both, ofA, ofB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    both += (a[i]! - mean) * (b[i]! - mean);
    ofA += (a[i]! - mean) ** 2;
    ofB += (b[i]! - mean) ** 2;
  }
  return both / Math.sqrt(ofA * ofB);
}
