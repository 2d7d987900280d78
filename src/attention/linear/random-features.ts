// Positive random features: a kernel that is, on average, that of the softmax.

import { checkOptions, dtypeError, inputError, optionError, shapeError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { minimum, mul, sub } from "../../core/ops/binary.ts";
import { stopGradient } from "../../core/ops/control.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { transpose } from "../../core/ops/movement.ts";
import { max, sum } from "../../core/ops/reduce.ts";
import { constant } from "../../core/ops/source.ts";
import { exp, square } from "../../core/ops/unary.ts";
import type { Rng } from "../../core/random.ts";
import { show, Tensor } from "../../core/tensor.ts";
import type { FeatureMap } from "./features.ts";

/** Sizes of `orthogonalFeatures`. */
export interface OrthogonalFeaturesOptions {
  /** D, of a head of queries and keys. */
  readonly headSize: number;
  /** M. More estimate the softmax's kernel better; D ln D is of the right order. */
  readonly featureCount: number;
}

/**
 * Directions for `positiveFeatures`, float32 (M, D): each is normal by itself, and any D of them in a row, beginning at a
 * multiple of D, are orthogonal to each other, which makes the estimate vary less.
 *
 * @param rng - where they are drawn from: the same seed gives the same directions.
 * @throws HeedError for sizes that are none.
 * Source: Choromanski et al. 2021 (arXiv:2009.14794), section 2.4.
 */
export function orthogonalFeatures(options: OrthogonalFeaturesOptions, rng: Rng): NdArray {
  const where = "orthogonalFeatures";
  checkOptions(where, options, ["headSize", "featureCount"]);
  const { headSize: D, featureCount: M } = options;
  for (const [name, size] of Object.entries({ headSize: D, featureCount: M }))
    if (!Number.isSafeInteger(size) || size < 1)
      throw optionError(where, `${name} must be an integer >= 1`, String(size));
  const data = new Float32Array(M * D);
  for (let first = 0; first < M; first += D) {
    const directions = orthonormal(rng.normal([D, D], 1).data as Float32Array, D);
    const lengths = rng.normal([D, D], 1).data as Float32Array; // the length of another normal vector
    for (let i = 0; i < D && first + i < M; i++) {
      const length = Math.hypot(...lengths.subarray(i * D, (i + 1) * D));
      for (let d = 0; d < D; d++) data[(first + i) * D + d] = length * directions[i]![d]!;
    }
  }
  return new NdArray("float32", [M, D], data);
}

/** The rows of a matrix, each made orthogonal to those before it, twice over for the sake of rounding, and of length 1. */
function orthonormal(matrix: Float32Array, size: number): readonly Float64Array[] {
  const rows: Float64Array[] = [];
  for (let i = 0; i < size; i++) {
    const row = Float64Array.from(matrix.subarray(i * size, (i + 1) * size));
    for (let pass = 0; pass < 2; pass++)
      for (const other of rows) {
        const shared = row.reduce((dot, x, d) => dot + x * other[d]!, 0);
        row.forEach((x, d) => (row[d] = x - shared * other[d]!));
      }
    const length = Math.hypot(...row);
    rows.push(row.map((x) => x / length));
  }
  return rows;
}

/** Options of `positiveFeatures`. */
export interface PositiveFeaturesOptions {
  /** The kernel is exp(scale · query key). Default 1 / sqrt(D), as in scaled dot-product attention. */
  readonly scale?: number;
}

/** The exponent up to which features of keys may grow: their sums over any sequence stay below the largest float32. */
const largestExponent = 60;

/**
 * FAVOR+: exp(w_m x - |x|² / 2) / sqrt(M) for every direction w_m, of x = sqrt(scale) · vector. The product of the features
 * of a query and a key is exp(scale · query key) on average over the directions.
 *
 * Factors that all weights of a query share cancel, so the exponents of a query are moved to a largest one of 0. Those of
 * keys stay where they are, where the authors' program subtracts the largest one of all keys: it would let later keys change
 * what earlier queries get in the last bits, and with a state it is not known. They are at most |w_m|² / 2, about D / 2, and
 * cut at 60. A key so long that all its features are below the smallest float32 has no weight.
 *
 * @param directions - float32 (M, D), from `orthogonalFeatures`: a tensor, or an array, which becomes a constant.
 * @throws HeedError when directions are not float32 (M, D), or the scale is not above 0.
 * Source: Choromanski et al. 2021 (arXiv:2009.14794), Lemma 1 and eq. 5 and 7.
 */
export function positiveFeatures(directions: Tensor | NdArray, options: PositiveFeaturesOptions = {}): FeatureMap {
  const where = "positiveFeatures";
  checkOptions(where, options, ["scale"]);
  if (!(directions instanceof Tensor) && !(directions instanceof NdArray))
    throw inputError(where, "directions must be float32 (M, D), as a Tensor or an NdArray", kindOf(directions));
  if (directions.dtype !== "float32" || directions.shape.length !== 2 || directions.shape.includes(0))
    throw dtypeError(where, "directions must be float32 (M, D)", show(directions), "Draw them by orthogonalFeatures.");
  const { scale } = options;
  if (scale !== undefined && !(scale > 0 && Number.isFinite(scale)))
    throw optionError(where, "scale must be a finite number > 0", String(scale));
  const [M, D] = directions.shape as readonly [number, number];
  const factor = Math.sqrt(scale ?? 1 / Math.sqrt(D));
  return (x, role) => {
    if (x.shape.at(-1) !== D)
      throw shapeError(where, `${role} must have heads of size ${D}, as the directions`, show(x));
    const w = directions instanceof Tensor ? directions : constant(directions);
    const scaled = mul(x, factor);
    const met = matmul(scaled, transpose(w)); // (B, T, H, M)
    const half = mul(sum(square(scaled), -1, { keepDims: true }), 0.5);
    const moved =
      role === "query"
        ? sub(met, stopGradient(max(met, -1, { keepDims: true })))
        : minimum(sub(met, half), largestExponent);
    return mul(exp(moved), 1 / Math.sqrt(M));
  };
}
