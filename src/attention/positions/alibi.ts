// ALiBi: scores fall with the distance of query and key, in each head at another rate.

import { array } from "../../core/ndarray.ts";
import { mul, sub } from "../../core/ops/binary.ts";
import { cast } from "../../core/ops/select.ts";
import { constant } from "../../core/ops/source.ts";
import { abs } from "../../core/ops/unary.ts";
import { pick } from "../masks/coordinates.ts";
import type { PositionScheme } from "./scheme.ts";

/**
 * Adds -slope · |query - key| to the scaled scores of a head. No parameters, and no bound on the length.
 *
 * Under a causal mask this is the paper's; without one it is the symmetric form, which does not tell before from after.
 *
 * Source: Press, Smith and Lewis 2021 (arXiv:2108.12409), section 3; slopes in `alibiSlopes`.
 */
export function alibi(): PositionScheme<Record<never, never>> {
  return {
    name: "alibi",
    init: () => ({}),
    bias(_params: Record<never, never>, at) {
      const H = at.head.shape[1]!;
      const slopes = constant(array(Float32Array.from(alibiSlopes(H), (s) => -s), { shape: [1, H, 1, 1] })); // prettier-ignore
      return mul(abs(cast(sub(at.query, at.key), "float32")), pick(slopes, at));
    },
  };
}

/**
 * The slopes of the heads: for a power of two n, the geometric sequence from 2^(-8/n) with that same ratio. For other counts
 * those of the power of two below, and after them every second one of the power of two above.
 *
 * For example 8 heads: 1/2, 1/4 ... 1/256; 3 heads: 1/16, 1/256, 1/4.
 *
 * Source: the authors' code, `get_slopes` (github.com/ofirpress/attention_with_linear_biases).
 */
export function alibiSlopes(headCount: number): readonly number[] {
  const sequence = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => 2 ** ((-8 * (i + 1)) / n));
  const below = 2 ** Math.floor(Math.log2(headCount));
  const between = sequence(2 * below).filter((_, i) => i % 2 === 0);
  return [...sequence(below), ...between.slice(0, headCount - below)];
}
