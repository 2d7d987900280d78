// Dropout: elements zeroed at random while training, the rest scaled up so that the expectation stays.

import { checkOptions, optionError } from "../core/errors.ts";
import { normalizeAxes } from "../core/axes.ts";
import { checkTensor } from "../core/op.ts";
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
 * The draw rounds the probability to 1/65536, and the scale is that of the rounded one: the expectation is `x` to float32.
 *
 * @param x - float32, any shape.
 * @throws HeedError when rate is not in [0, 1), or an axis of `sharedAxes` does not exist.
 * Source: Srivastava et al. 2014, JMLR 15.
 */
export function dropout(x: Tensor, options: DropoutOptions): Tensor {
  checkOptions("dropout", options, ["rate", "key", "sharedAxes"]);
  const { rate, key, sharedAxes = [] } = options;
  if (!(rate >= 0 && rate < 1)) throw optionError("dropout", "rate must lie in 0 <= rate < 1", String(rate));
  checkTensor("dropout", "x", x);
  if (key === undefined)
    throw optionError("dropout", "key must be a random key, or null while evaluating", "undefined");
  const shared = normalizeAxes("dropout", sharedAxes, x.rank);
  if (!key || rate === 0) return x;
  // What the draw really keeps, so that the expectation is exact.
  const kept = Math.round((1 - rate) * 65536) / 65536;
  if (kept === 0) throw optionError("dropout", "rate must be at most 1 - 1/65536", String(rate));
  const keep = random(
    key,
    x.shape.map((n, i) => (shared.includes(i) ? 1 : n)),
    { type: "bernoulli", probability: kept },
  );
  return mul(x, mul(cast(keep, "float32"), 1 / kept));
}
