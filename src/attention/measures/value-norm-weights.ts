// Value-norm weights: a weight is as large as what it lets through.

import { shapeError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { fromIndex, hostFloats, hostWeights } from "./weights.ts";

/** Norms of what passes from a key to a query. */
export type ValueNormWeights = {
  /** ||w_h f_h(x_s)|| of each head, float32 (B, H, T, S). */
  readonly perHead: NdArray;
  /** ||sum over h of w_h f_h(x_s)||, what all heads bring together, float32 (B, T, S). At most the sum of `perHead` over heads. */
  readonly joint: NdArray;
};

/**
 * The norm of the vectors that attention adds up, in the place of the bare weights: the output of a layer is
 * y_t = sum over s and h of w_h(t, s) f_h(x_s), with f_h(x) = (x W_h^V + b_h^V) W_h^O.
 *
 * Axes: B batch, H heads, G heads of the values, T queries, S keys, E size of a head's values, O output size. A large weight
 * at a short value counts little, as at separators.
 *
 * @param weights - float32 (B, H, T, S).
 * @param values - x W^V + b^V, float32 (B, S, G, E), as `attention` takes them. Query head h reads value head floor(h G / H).
 * @param output - W^O, the weight of the output projection, float32 (H E, O): head h has rows h E to (h + 1) E.
 * @throws HeedError when sizes do not fit, naming the arrays.
 * Source: Kobayashi et al. 2020 (arXiv:2004.10102), the norm ||α f(x)|| of its title; many heads as in its appendix, by summing
 *   their vectors before the norm.
 */
export function valueNormWeights(weights: NdArray, values: NdArray, output: NdArray): ValueNormWeights {
  const where = "valueNormWeights";
  const { data: w, sizes } = hostWeights(where, "weights", weights);
  const { batchSize: B, headCount: H, queryLength: T, keyLength: S } = sizes;
  const v = hostFloats(where, "values", values, "B S G E");
  const projection = hostFloats(where, "output", output, "HE O");
  const [, , G, E] = values.shape as readonly [number, number, number, number];
  const O = output.shape[1]!;
  if (values.shape[0] !== B || values.shape[1] !== S || G === 0 || H % G !== 0)
    throw shapeError(where, "values (B, S, G, E) must fit weights (B, H, T, S), with G a divisor of H", `${String(values)} and ${String(weights)}`); // prettier-ignore
  if (output.shape[0] !== H * E)
    throw shapeError(where, `output must have H E = ${H * E} rows`, `${String(output)} for weights ${String(weights)} and values ${String(values)}`); // prettier-ignore

  const joint = new Float64Array(B * T * S);
  const norms = new Float64Array(B * S * H);
  const passed = new Float64Array(H * O); // f_h(x_s), one row a head
  for (let bs = 0; bs < B * S; bs++) {
    project(passed, v.subarray(bs * G * E, (bs + 1) * G * E), projection, { H, G, E, O });
    const products = innerProducts(passed, H, O);
    for (let h = 0; h < H; h++) norms[bs * H + h] = Math.sqrt(products[h * H + h]!);
    const [b, s] = [Math.floor(bs / S), bs % S];
    for (let t = 0; t < T; t++) {
      const at = (h: number): number => w[((b * H + h) * T + t) * S + s]!;
      // The squared norm of a sum is the sum of all products; rounding may leave it a little below 0.
      let square = 0;
      for (let h = 0; h < H; h++) for (let k = 0; k < H; k++) square += at(h) * at(k) * products[h * H + k]!;
      joint[(b * T + t) * S + s] = Math.sqrt(square < 0 ? 0 : square);
    }
  }
  return {
    perHead: fromIndex([B, H, T, S], (i) => {
      const [b, h, s] = [Math.floor(i / (H * T * S)), Math.floor(i / (T * S)) % H, i % S];
      return Math.abs(w[i]!) * norms[(b * S + s) * H + h]!;
    }),
    joint: fromIndex([B, T, S], (i) => joint[i]!),
  };
}

interface Sizes {
  readonly H: number;
  readonly G: number;
  readonly E: number;
  readonly O: number;
}

/** values (G, E) times each head's rows of the projection (H E, O) -> (H, O). */
function project(out: Float64Array, values: Float32Array, projection: Float32Array, { H, G, E, O }: Sizes): void {
  out.fill(0);
  for (let h = 0; h < H; h++) {
    const group = Math.floor((h * G) / H);
    for (let e = 0; e < E; e++) {
      const value = values[group * E + e]!;
      for (let o = 0; o < O; o++) out[h * O + o]! += value * projection[(h * E + e) * O + o]!;
    }
  }
}

/** All inner products of the rows of (H, O): (H, H). */
function innerProducts(rows: Float64Array, H: number, O: number): Float64Array {
  const out = new Float64Array(H * H);
  for (let h = 0; h < H; h++)
    for (let k = 0; k < H; k++) for (let o = 0; o < O; o++) out[h * H + k]! += rows[h * O + o]! * rows[k * O + o]!;
  return out;
}
