// Additive score that knows how much of each position has been attended to: v · tanh(W q + U k + w c).

import { bindAxes } from "../../core/axes.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { expandDims } from "../../core/ops/movement.ts";
import { fill } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Score } from "../contract.ts";
import { additive, additiveScore, type AdditiveParams } from "./additive.ts";

/** The additive score's parameters, and the vector (A) by which a position's coverage enters. */
export type CoverageParams<T> = AdditiveParams<T> & { readonly coverage: T };

/** The sum of the weights of all steps so far, (B, S): 0 before the first. */
export type CoverageState = { readonly coverage: Tensor };

/**
 * Coverage-aware additive score. Axes: B batch, S positions, Q query size, K key size, A alignment size.
 *
 * Parameters: as `additive`, and `coverage` (A). At the first step it is the additive score.
 *
 * Source: See, Liu and Manning, ACL 2017 (arXiv:1704.04368), eq. 10 and 11; the idea is Tu et al. 2016 (arXiv:1601.04811).
 *   The loss that they add beside it is not part of the score.
 */
export const coverage: Score<CoverageParams<NdArray>> = {
  name: "coverage",
  init: (config, rng) => ({
    ...additive.init(config, rng),
    coverage: rng.uniform([config.alignmentSize], 1 / Math.sqrt(config.alignmentSize)),
  }),
  prepare: additive.prepare,
  score(params: CoverageParams<Tensor>, query, prepared, state) {
    const { coverage: seen } = state as CoverageState;
    bindAxes("coverage", {
      keys: [prepared, "B S A"],
      seen: [seen, "B S"],
      coverage: [params.coverage, "A"],
    });
    return additiveScore("coverage", params, query, add(prepared, mul(expandDims(seen, -1), params.coverage)));
  },
  history: {
    begin: ({ prepared }) => ({ coverage: fill(prepared.shape.slice(0, 2), 0) }),
    next: (state: CoverageState, weights) => ({ coverage: add(state.coverage, weights) }),
  },
};
