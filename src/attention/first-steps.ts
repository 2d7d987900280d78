// Attention as everybody first learns it, in one line; what it grows into is `attention`.

import { bindAxes } from "../core/axes.ts";
import { checkOptions, shapeError } from "../core/errors.ts";
import { checkTensor } from "../core/op.ts";
import { reshape } from "../core/ops/movement.ts";
import { show, type Tensor } from "../core/tensor.ts";
import { attention } from "./dot-product/attention.ts";
import type { Mask } from "./masks/mask.ts";

/** Options of `scaledDotProduct`. */
export interface ScaledDotProductOptions {
  /** Which pairs of query and key may meet, for instance `causal()`. Default: all. */
  readonly mask?: Mask;
}

/**
 * softmax(query keysᵀ / sqrt(D)) values: `attention` with nothing but its three operands.
 *
 * Axes: B batch, T queries, S keys, H heads, G heads of keys and values, D size of query and keys, E size of the values.
 *
 * @param query - float32 (T, D), or (B, T, H, D).
 * @param keys - float32 (S, D), or (B, S, G, D).
 * @param values - float32 (S, E), or (B, S, G, E).
 * @returns the context, float32 (T, E), or (B, T, H, E). The weights are seen with `observe`, under the name `attention`.
 * @throws HeedError when axes disagree, or there are neither two nor four of them.
 * Source: Vaswani et al. 2017 (arXiv:1706.03762), eq. 1.
 */
export function scaledDotProduct(
  query: Tensor,
  keys: Tensor,
  values: Tensor,
  options: ScaledDotProductOptions = {},
): Tensor {
  const where = "scaledDotProduct";
  checkOptions(where, options, ["mask"]);
  for (const [name, x] of Object.entries({ query, keys, values })) checkTensor(where, name, x);
  if (query.rank === 4) return attention({ query, keys, values, ...options }).context;
  if (query.rank !== 2)
    throw shapeError(
      where,
      "query must be (T, D), or (B, T, H, D)",
      show(query),
      query.rank === 3 ? "expandDims(x, 2) gives (B, T, D) one head." : undefined,
    );
  const { T, S, D, E } = bindAxes(where, { query: [query, "T D"], keys: [keys, "S D"], values: [values, "S E"] });
  const { context } = attention({
    query: reshape(query, [1, T, 1, D]),
    keys: reshape(keys, [1, S, 1, D]),
    values: reshape(values, [1, S, 1, E]),
    ...options,
  });
  return reshape(context, [T, E]);
}
