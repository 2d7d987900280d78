// Arg-max selection: the likeliest position alone.

import { argMax as argMaxOf } from "../../core/ops/order.ts";
import type { Selection } from "../contract.ts";
import { categorical, choiceOf } from "./categorical.ts";

/**
 * The likeliest position alone: weights (B, S) are one-hot, the lower position where two tie, and carry no gradient.
 *
 * `sample`, `logProb` and `entropy` are told as by `hard`. A row that may look nowhere gets weights, log-probability and
 * entropy 0 and sample 0. This is how `hard` and its kin look while evaluating; on its own it cannot train a score.
 */
export const argMax: Selection<Record<never, never>> = {
  name: "argMax",
  init: () => ({}),
  select(_params, step) {
    const from = categorical("argMax", step);
    return choiceOf(from, argMaxOf(from.masses));
  },
};
