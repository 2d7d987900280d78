// Entropy: whether rows of weights look at one key or everywhere.

import { checkOptions } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { fromIndex, hostMask, hostWeights } from "./weights.ts";

/** The entropy of rows, each float32 (B, H, T). */
export type WeightEntropy = {
  /** Nats: 0 for a row that looks at one key, log n for one that looks at all n keys alike. */
  readonly entropy: NdArray;
  /** As a share of log n: 0 to 1 where rows sum to 1. 0 for a row of at most one key. */
  readonly share: NdArray;
};

/**
 * Entropy of each row of weights: H = -sum over s of w_s log w_s, with 0 log 0 = 0, and H / log n for the n keys that the
 * row may look at.
 *
 * Weights are taken as they are: where rows do not sum to 1, as with sigmoids or sinks, neither is the entropy that of a
 * distribution. A NaN or a negative weight at an allowed key gives NaN.
 *
 * @param weights - float32 (B, H, T, S).
 * @param options.allowed - bool, four axes that broadcast to the weights, true = allowed; other keys are left out of sum
 *   and n. Default: all keys.
 * @throws HeedError when shapes or dtypes do not fit.
 * Source: Shannon 1948; over rows of attention, Ghader and Monz 2017 (arXiv:1710.03348).
 */
export function weightEntropy(weights: NdArray, options: { readonly allowed?: NdArray } = {}): WeightEntropy {
  const where = "weightEntropy";
  checkOptions(where, options, ["allowed"]);
  const { data, sizes } = hostWeights(where, "weights", weights);
  const isAllowed = hostMask(where, options.allowed, weights);
  const { batchSize, headCount, queryLength, keyLength } = sizes;
  const shape = [batchSize, headCount, queryLength];
  const shares: number[] = [];
  const entropy = fromIndex(shape, (row) => {
    let [nats, count] = [0, 0];
    for (let i = row * keyLength; i < (row + 1) * keyLength; i++) {
      if (!isAllowed(i)) continue;
      count++;
      const w = data[i]!;
      if (w !== 0) nats -= w * Math.log(w);
    }
    shares.push(count > 1 ? nats / Math.log(count) : Number.isNaN(nats) ? NaN : 0);
    return nats;
  });
  return { entropy, share: fromIndex(shape, (row) => shares[row]!) };
}
