// Soft selection: the expectation of the values under the distribution.

import type { Selection } from "../contract.ts";

/** The whole distribution: each position counts by its probability. */
export const soft: Selection<Record<never, never>> = {
  name: "soft",
  init: () => ({}),
  select: (_params, { distribution }) => ({ weights: distribution }),
};
