// Cosine score: how well the directions of query and key agree, times a learned sharpness.

import { checkOptions, optionError } from "../../core/errors.ts";
import { array, type NdArray } from "../../core/ndarray.ts";
import { div, mul } from "../../core/ops/binary.ts";
import { lessEqual } from "../../core/ops/compare.ts";
import { stopGradient } from "../../core/ops/control.ts";
import { max, sum } from "../../core/ops/reduce.ts";
import { where } from "../../core/ops/select.ts";
import { abs, exp, sqrt, square } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Score } from "../contract.ts";
import { dotScore, requireOneSize } from "./dot.ts";

/** The natural logarithm of the scale, a scalar: the scale stays positive whatever a step of descent does. */
export type CosineParams<T> = { readonly logScale: T };

/** What `cosine` may be told. */
export interface CosineOptions {
  /** The scale at the beginning, a number > 0. Default 10. */
  readonly scale?: number;
}

/** A vector counts as zero when no element is larger than this: the gradient of a cosine grows with 1 / |x|. */
const smallest = 1e-12;

/**
 * Cosine score: beta K[k, M] with K[u, v] = u · v / (|u| |v|). Axes: B batch, S positions, D size of query and keys.
 *
 * k is the query (B, D), M the keys (B, S, D), beta = exp(`logScale`) the scale, a learned scalar: scores lie within ±beta,
 * and 1 / beta is a temperature. The keys are brought to length 1 once for all queries. A zero vector has no direction: as
 * query or key it scores 0, and the gradient of query and key through that score is 0. Lengths up to the largest float32
 * give their cosine.
 *
 * @param options - the scale at the beginning.
 * @throws HeedError for an unknown option or a scale that is not > 0, and when the query and the keys differ in size.
 * Source: Graves, Wayne and Danihelka 2014 (arXiv:1410.5401), eq. 5 and 6. Differs: they emit beta at every step; that it
 *   is learned, as a logarithm that begins at log 10, is taken from the code of Swin Transformer V2 (Liu et al., CVPR 2022,
 *   arXiv:2111.09883, eq. 2, where 1 / beta is the temperature).
 */
export function cosine(options: CosineOptions = {}): Score<CosineParams<NdArray>> {
  checkOptions("cosine", options, ["scale"]);
  const { scale = 10 } = options;
  if (!(Number.isFinite(scale) && scale > 0)) throw optionError("cosine", "scale must be a number > 0", String(scale));
  return {
    name: "cosine",
    init(config) {
      requireOneSize("cosine", config);
      return { logScale: array(Math.log(scale)) };
    },
    prepare: (_params, keys) => direction(keys),
    score: ({ logScale }: CosineParams<Tensor>, query, prepared) =>
      mul(dotScore("cosine", direction(query), prepared), exp(logScale)),
  };
}

/** x (..., D) at length 1; zero vectors stay 0 and pass no gradient on. */
function direction(x: Tensor): Tensor {
  // The largest element is divided out first, so that no square overflows or vanishes. A direction does not depend on it,
  // and so neither does the gradient.
  const size = stopGradient(max(abs(x), -1, { keepDims: true }));
  const zero = lessEqual(size, smallest);
  const y = div(where(zero, 0, x), where(zero, 1, size));
  const length = sqrt(where(zero, 1, sum(square(y), -1, { keepDims: true })));
  return div(y, length);
}
