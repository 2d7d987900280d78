// Monotonic local window (Luong's local-m): step t looks around position t.

import { bindAxes } from "../../core/axes.ts";
import { add, minimum } from "../../core/ops/binary.ts";
import { expandDims } from "../../core/ops/movement.ts";
import { fill } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Window } from "../contract.ts";
import { reachOf, type LocalOptions } from "./local.ts";
import { near, spanOf } from "./span.ts";

/** The number of the step, float32 (B): 0 at the first. A row of its own, so that searches may reorder them. */
export type LocalMState = { readonly step: Tensor };

/**
 * Monotonic local window: the positions s with |s - p_t| <= D, where p_t = t. Axes: B batch, S positions.
 *
 * t counts steps from 0, s positions from 0, D is `reach`. No parameters, and no factors: the softmax inside the window is
 * all. Positions outside get a weight of exactly 0.
 *
 * A row counts from its first real position, so that padding on the left changes nothing. A target longer than its source
 * would walk out of it: p_t then stays at the row's last real position, p_t = min(first + t, last), and the window sees the
 * last D + 1 positions. A window that falls wholly on blocked positions, which takes a mask with a hole of more than 2 D,
 * gives weights and a context of 0, and finite gradients.
 *
 * @param options - how far the window reaches.
 * @throws HeedError for an unknown option, or a reach that is not an integer >= 1.
 * Source: Luong, Pham and Manning, EMNLP 2015 (arXiv:1508.04025), section 3.2, "Monotonic alignment (local-m)". Differs:
 *   what happens beyond the end of the source is not said there; and the vector of weights keeps its S positions, with 0
 *   outside, where theirs has 2 D + 1.
 */
export function localM(options: LocalOptions = {}): Window<Record<never, never>> {
  const reach = reachOf("localM", options);
  return {
    name: "localM",
    init: () => ({}),
    around(_params, _query, memory, state) {
      const { step } = state as LocalMState;
      const { S } = bindAxes("localM", { keys: [memory.keys, "B S K"], step: [step, "B"] });
      const { first, last } = spanOf(memory);
      const centre = minimum(add(first, expandDims(step, -1)), last); // (B, 1)
      return { inside: near(centre, reach, S), factors: null };
    },
    history: {
      begin: ({ keys }) => ({ step: fill([keys.shape[0]!], 0) }),
      next: ({ step }: LocalMState) => ({ step: add(step, 1) }),
    },
  };
}
