// Additive score that knows where the step before looked (Chorowski): v · tanh(W q + U k + L f), f from the last weights.

import { bindAxes } from "../../core/axes.ts";
import { sizeOf } from "../../core/dtype.ts";
import { checkOptions, optionError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { stack } from "../../core/ops/concat.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { reshape } from "../../core/ops/movement.ts";
import { pad, sliceAxis } from "../../core/ops/slice.ts";
import { fill } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { initLinear, linear, type LinearParams } from "../../nn/linear.ts";
import type { Score } from "../contract.ts";
import { additive, additiveScore, type AdditiveParams } from "./additive.ts";

/** The additive score's parameters, the filters (kernelSize, F), and the projection of what they find, (F, A). */
export type LocationSensitiveParams<T> = AdditiveParams<T> & {
  readonly filters: T;
  readonly location: LinearParams<T>;
};

/** The weights of the step before, (B, S): 0 before the first. */
export type LocationSensitiveState = { readonly previous: Tensor };

/** What `locationSensitive` may be told. */
export interface LocationSensitiveOptions {
  /** Positions that a filter sees, itself in the middle: an odd integer >= 1. Default 31. */
  readonly kernelSize?: number;
  /** Number of filters, an integer >= 1. Default 32. */
  readonly filterCount?: number;
}

/**
 * Location-sensitive score: e_ij = w^T tanh(W s_(i-1) + V h_j + U f_ij + b), f_i = F * alpha_(i-1).
 * Axes: B batch, S positions, Q query size, K key size, A alignment size, F filters.
 *
 * s is the query (B, Q), h_j a key (B, S, K), alpha_(i-1) the weights of the step before (B, S). W and b are `query`
 * (Q, A) with bias, V `key` (K, A), w `score` (A, 1), F `filters` (kernelSize, F), U `location` (F, A) without bias.
 * Beyond both ends the weights count as 0, as they do before the first step, where it is the additive score.
 *
 * @param options - the size and the number of the filters.
 * @throws HeedError for an unknown option, an even kernel or one below 1, and fewer than one filter.
 * Source: Chorowski et al., NeurIPS 2015 (arXiv:1506.07503), eq. 8 and 9. Differs: their filters run backwards, as in a
 *   convolution of mathematics, ours forwards, as in torch's `Conv1d`; they take 10 filters of 201 frames of speech, our
 *   defaults are those of Tacotron 2 (Shen et al. 2018, arXiv:1712.05884, section 2.2), which adds up the weights of all
 *   steps where this score sees the last alone.
 */
export function locationSensitive(options: LocationSensitiveOptions = {}): Score<LocationSensitiveParams<NdArray>> {
  checkOptions("locationSensitive", options, ["kernelSize", "filterCount"]);
  const { kernelSize = 31, filterCount = 32 } = options;
  if (!Number.isSafeInteger(kernelSize) || kernelSize < 1 || kernelSize % 2 === 0)
    throw optionError("locationSensitive", "kernelSize must be an odd integer >= 1", String(kernelSize));
  if (!Number.isSafeInteger(filterCount) || filterCount < 1)
    throw optionError("locationSensitive", "filterCount must be an integer >= 1", String(filterCount));
  return {
    name: "locationSensitive",
    init: (config, rng) => ({
      ...additive.init(config, rng),
      filters: rng.uniform([kernelSize, filterCount], 1 / Math.sqrt(kernelSize)),
      location: initLinear({ inSize: filterCount, outSize: config.alignmentSize, bias: false }, rng),
    }),
    prepare: additive.prepare,
    score(params: LocationSensitiveParams<Tensor>, query, prepared, state) {
      const { previous } = state as LocationSensitiveState;
      bindAxes("locationSensitive", { keys: [prepared, "B S A"], previous: [previous, "B S"] });
      const found = linear(params.location, convolve(previous, params.filters)); // (B, S, A)
      return additiveScore("locationSensitive", params, query, add(prepared, found));
    },
    history: {
      begin: ({ prepared }) => ({ previous: fill(prepared.shape.slice(0, 2), 0) }),
      next: (_state, weights) => ({ previous: weights }),
    },
  };
}

/** x (B, S), filters (kernelSize, F) -> (B, S, F): at each position the filters over its neighbourhood, 0 beyond the ends. */
function convolve(x: Tensor, filters: Tensor): Tensor {
  const { B, S, N, F } = bindAxes("locationSensitive", { previous: [x, "B S"], filters: [filters, "N F"] });
  const half = (N - 1) / 2;
  const wide = pad(x, [
    [0, 0],
    [half, half],
  ]);
  const seen = stack(
    Array.from({ length: N }, (_, i) => sliceAxis(wide, 1, i, i + S)),
    2,
  ); // (B, S, N)
  return reshape(matmul(reshape(seen, [sizeOf([B, S]), N]), filters), [B, S, F]);
}
