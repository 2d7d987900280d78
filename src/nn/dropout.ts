// Dropout: elements zeroed at random while training, the rest scaled up so that the expectation stays.

import { optionError } from "../core/errors.ts";
import { normalizeAxes } from "../core/axes.ts";
import { mul } from "../core/ops/binary.ts";
import { random } from "../core/ops/random.ts";
import { cast } from "../core/ops/select.ts";
import type { Tensor } from "../core/tensor.ts";

/** How elements are dropped. */
export interface DropoutOptions {
  /** Probability that an element is zeroed, 0 <= rate < 1. */
  readonly rate: number;
  /** Random key, int32[2]; `null` means evaluation: nothing is dropped. There is no hidden training flag. */
  readonly key: Tensor | null;
  /** Axes that share one decision, for instance the time axis: one mask a sequence (Gal and Ghahramani 2016, arXiv:1512.05287). Default none. */
  readonly sharedAxes?: readonly number[];
}

/**
 * Inverted dropout: each element is 0 with probability `rate`, else multiplied by 1 / (1 - rate).
 *
 * @throws HeedError when rate is not in [0, 1).
 * Source: Srivastava et al. 2014, JMLR 15.
 */
export function dropout(x: Tensor, { rate, key, sharedAxes = [] }: DropoutOptions): Tensor {
  if (!(rate >= 0 && rate < 1)) throw optionError("dropout", "rate must lie in 0 <= rate < 1", String(rate));
  if (!key || rate === 0) return x;
  const shared = normalizeAxes("dropout", sharedAxes, x.rank);
  const keep = random(
    key,
    x.shape.map((n, i) => (shared.includes(i) ? 1 : n)),
    { type: "bernoulli", probability: 1 - rate },
  );
  return mul(x, mul(cast(keep, "float32"), 1 / (1 - rate)));
}
