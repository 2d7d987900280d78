// The laboratory: what sampling estimates, computed by enumeration. For few positions, against which estimators are held.

import { bindAxes } from "../../core/axes.ts";
import { shapeError } from "../../core/errors.ts";
import { gradients } from "../../core/grad.ts";
import { add, div, mul, sub } from "../../core/ops/binary.ts";
import { squeeze, broadcastTo } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { fill, iota } from "../../core/ops/source.ts";
import { oneHot } from "../../core/ops/take-along.ts";
import { show, type Tensor } from "../../core/tensor.ts";

// Each outcome is a copy of the caller's graph.
const mostOutcomes = 4096;

/** What the caller computes of one choice: weights one-hot (B, S) and the position -> (B). */
export type OfChoice = (weights: Tensor, position: number) => Tensor;

/**
 * The expectation of `value` over a position drawn from `distribution`: sum_s p(s) value(s), by enumeration.
 *
 * `value` is traced once for each position. Steps nest: a value may be an expectation over the next step's choice, and is
 * then exact over whole alignments, at S^U copies of the graph.
 *
 * @param distribution - float32 (B, S). @returns float32 (B).
 * @throws HeedError when S is above 4096 or a value is not (B).
 */
export function expectedValue(distribution: Tensor, value: OfChoice): Tensor {
  const { B, S } = bindAxes("expectedValue", { distribution: [distribution, "B S"] });
  checkOutcomes("expectedValue", distribution, S);
  let total = fill([B], 0);
  for (let s = 0; s < S; s++) {
    const one = value(oneHotRows(s, B, S), s);
    bindAxes("expectedValue", { distribution: [distribution, "B S"], value: [one, "B"] });
    total = add(total, mul(probability(distribution, s), one));
  }
  return total;
}

/**
 * The gradient of the expectation, summed over rows: what an unbiased estimator estimates.
 *
 * @param wrt - the tensors, anywhere in the graphs of distribution and value.
 */
export function exactGradient(distribution: Tensor, value: OfChoice, wrt: readonly Tensor[]): readonly Tensor[] {
  return gradients(sum(expectedValue(distribution, value)), wrt);
}

/** What the caller computes of several chosen positions: their mean (B, S) and the positions in order -> (B). */
export type OfSubset = (weights: Tensor, positions: readonly number[]) => Tensor;

/**
 * The expectation of `value` over `count` different positions drawn one after the other: the selection `subset`.
 *
 *   sum over ordered (s_1, ..., s_k) of prod_i p(s_i) / (1 - p(s_1) - ... - p(s_{i-1})) value
 *
 * @param distribution - float32 (B, S), all positive. @returns float32 (B).
 * @throws HeedError when there are more than 4096 outcomes, or `count` is not from 1 to S.
 */
export function expectedSubsetValue(distribution: Tensor, count: number, value: OfSubset): Tensor {
  const { B, S } = bindAxes("expectedSubsetValue", { distribution: [distribution, "B S"] });
  if (!Number.isInteger(count) || count < 1 || count > S)
    throw shapeError(
      "expectedSubsetValue",
      `count must be from 1 to the positions of ${show(distribution)}`,
      String(count),
    );
  checkOutcomes(
    "expectedSubsetValue",
    distribution,
    Array.from({ length: count }, (_, i) => S - i).reduce((a, b) => a * b, 1),
  );
  const visit = (chosen: readonly number[], reached: Tensor, left: Tensor): Tensor => {
    if (chosen.length === count) {
      const mean = chosen.map((s) => oneHotRows(s, B, S)).reduce((a, b) => add(a, b));
      return mul(reached, value(mul(mean, 1 / count), chosen));
    }
    let total = fill([B], 0);
    for (let s = 0; s < S; s++) {
      if (chosen.includes(s)) continue;
      const p = probability(distribution, s);
      total = add(total, visit([...chosen, s], mul(reached, div(p, left)), sub(left, p)));
    }
    return total;
  };
  return visit([], fill([B], 1), sum(distribution, -1));
}

function checkOutcomes(where: string, distribution: Tensor, outcomes: number): void {
  if (outcomes > mostOutcomes)
    throw shapeError(
      where,
      `at most ${mostOutcomes} outcomes can be enumerated`,
      `${outcomes} for ${show(distribution)}`,
      "Sample instead.",
    );
}

/** Row after row one-hot at position `s`, (B, S). */
function oneHotRows(s: number, B: number, S: number): Tensor {
  return broadcastTo(oneHot(add(iota(1), s), S), [B, S]);
}

/** p(s) of each row, (B). */
function probability(distribution: Tensor, s: number): Tensor {
  return squeeze(sliceAxis(distribution, 1, s, s + 1), 1);
}
