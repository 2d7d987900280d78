// Losses of token sequences: cross-entropy over the real positions, with label smoothing.

import { bindAxes } from "../core/axes.ts";
import { checkOptions, optionError } from "../core/errors.ts";
import { add, div, maximum, mul } from "../core/ops/binary.ts";
import { cast, where } from "../core/ops/select.ts";
import { mean, sum } from "../core/ops/reduce.ts";
import { logSoftmax } from "../core/ops/softmax.ts";
import { takeAlong } from "../core/ops/take-along.ts";
import { neg } from "../core/ops/unary.ts";
import type { Tensor } from "../core/tensor.ts";

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** bool (B, U), true at positions that count. Default: all do. */
  readonly mask?: Tensor | null;
  /** Share of the target's probability that is spread evenly over all classes, 0 <= smoothing < 1. Default 0. */
  readonly smoothing?: number;
}

/**
 * Mean cross-entropy in nats a token, over the positions of `mask`.
 *
 * @param logits - float32 (B, U, C). A class of -Infinity, never the target, has probability 0 (not with smoothing).
 * @param targets - int32 (B, U), in 0..C-1 also where the mask is false. The CPU refuses C and more when it runs; a
 *   negative target is not noticed.
 * @returns `loss`, with smoothing, what is trained; `nll`, without; both scalars. 0 when nothing counts.
 * @throws HeedError when axes disagree or smoothing is not in [0, 1).
 * Source of smoothing: Szegedy et al. 2016 (arXiv:1512.00567), section 7, with the uniform prior (torch's `label_smoothing`).
 */
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  options: CrossEntropyOptions = {},
): { readonly loss: Tensor; readonly nll: Tensor } {
  checkOptions("crossEntropy", options, ["mask", "smoothing"]);
  const { mask = null, smoothing = 0 } = options;
  bindAxes("crossEntropy", {
    logits: [logits, "B U C"],
    targets: [targets, "B U"],
    ...(mask ? { mask: [mask, "B U"] as const } : {}),
  });
  if (!(smoothing >= 0 && smoothing < 1))
    throw optionError("crossEntropy", "smoothing must lie in 0 <= smoothing < 1", String(smoothing));
  const logProbs = logSoftmax(logits, -1);
  const each = neg(takeAlong(logProbs, targets));
  const average = (x: Tensor): Tensor => {
    if (!mask) return mean(x);
    // A select, not a product: an infinite loss at a position that does not count would become NaN. A batch without any
    // real position costs 0.
    return div(sum(where(mask, x, 0)), maximum(sum(cast(mask, "float32")), 1));
  };
  const nll = average(each);
  if (smoothing === 0) return { loss: nll, nll };
  const spread = average(neg(mean(logProbs, -1)));
  return { loss: add(mul(nll, 1 - smoothing), mul(spread, smoothing)), nll };
}

/** exp of the mean loss in nats. */
export function perplexity(loss: number): number {
  return Math.exp(loss);
}
