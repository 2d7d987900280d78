// Layers on top of each other: the outputs of one are the inputs of the next, and each keeps its final state.

import { inputError } from "../core/errors.ts";
import { kindOf } from "../core/ndarray.ts";
import { scope } from "../core/scope.ts";
import type { Tensor } from "../core/tensor.ts";

/** What a recurrent layer gives: outputs (B, T, H) at every step, and its state `S` after the last real one. */
export type LayerResult<S> = { readonly outputs: Tensor; readonly final: S };

/** The outputs of the top layer, and the final state of every layer, the lowest first. */
export type StackResult<S> = { readonly outputs: Tensor; readonly finals: readonly S[] };

/**
 * Runs layers one on the other, each in a scope named by its number.
 *
 * @param layers - the parameters, the lowest layer first.
 * @param x - what enters the lowest layer, float32 (B, T, I).
 * @param layer - one layer: its parameters, its input and its number (to pick an initial state, say).
 * @param between - applied to what enters every layer but the first; dropout there is torch's. Default: nothing.
 */
export function stackLayers<P, S>(
  layers: readonly P[],
  x: Tensor,
  layer: (params: P, x: Tensor, index: number) => LayerResult<S>,
  between: (x: Tensor) => Tensor = (y) => y,
): StackResult<S> {
  if (!Array.isArray(layers))
    throw inputError("stackLayers", "the layers must be a list of parameters", kindOf(layers));
  const finals: S[] = [];
  let value = x;
  layers.forEach((params, i) => {
    const { outputs, final } = scope(String(i), () => layer(params, i === 0 ? value : between(value), i));
    value = outputs;
    finals.push(final);
  });
  return { outputs: value, finals };
}
