// The two masks that need no question: all pairs, and none.

import { fill } from "../../core/ops/source.ts";
import type { Mask } from "./mask.ts";
import { maskOf } from "./rule.ts";
import { keysBetween } from "./sizes.ts";

/** Allows every pair; the neutral mask of `and`. */
export const everything: Mask = maskOf({
  name: "everything",
  allowed: () => null,
  exactRange: true,
  structure: () => ({ causal: null, lengths: null, exact: true }),
  verdict: () => ({ allowed: true, why: "every pair is allowed" }),
});

/** Allows no pair; the neutral mask of `or`. */
export const nothing: Mask = maskOf({
  name: "nothing",
  allowed: () => fill([1, 1, 1, 1], 0, "bool"),
  keyRange: () => [0, 0],
  keys: (sizes) => keysBetween(0, 0, sizes),
  verdict: () => ({ allowed: false, why: "no pair is allowed" }),
});
