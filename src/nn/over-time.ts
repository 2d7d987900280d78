// A recurrence over time: few steps are laid out one after the other, many are a loop.

import { stack, unstack } from "../core/ops/concat.ts";
import { expandDims } from "../core/ops/movement.ts";
import { swapAxes } from "../core/ops/order.ts";
import { scan } from "../core/ops/scan.ts";
import { where } from "../core/ops/select.ts";
import { fill } from "../core/ops/source.ts";
import type { Tensor } from "../core/tensor.ts";
import { zipTrees } from "../core/tree.ts";
import type { LayerResult } from "./stack.ts";

/**
 * Steps up to which a recurrence is laid out: every step is then a plain part of the graph, with a name of its own in
 * profiles and messages, at the speed of a loop. More steps are a loop, which is ready sooner, takes less memory and, from
 * some hundred steps on, less time (`npm run bench -- scan`).
 */
const mostLaidOut = 32;

/** What happens over time. Axes: B batch, T steps, G what enters a step, H state. */
export interface Recurrence<S> {
  /** float32 (B, T, G): the input projections of all steps. */
  readonly projected: Tensor;
  /** bool (B, T), true at real steps; null: all are. A step that is not real leaves the state as it was and gives 0. */
  readonly mask: Tensor | null;
  /** From the last step to the first. */
  readonly reverse: boolean;
  /** The state before the first step; null: zeros, with which nothing need be multiplied. */
  readonly initial: S | null;
  /** A state of zeros. */
  zeros(): S;
  /** One step: what enters it (B, G) and the state before it, null for zeros -> the next state. */
  step(entering: Tensor, state: S | null): S;
}

/** Runs a recurrence: `outputs` (B, T, H), the hidden states in the order of `projected`; `final`, the state after the last real step. */
export function overTime<S extends { readonly hidden: Tensor }>(recurrence: Recurrence<S>): LayerResult<S> {
  return recurrence.projected.shape[1]! <= mostLaidOut ? laidOut(recurrence) : looped(recurrence);
}

function laidOut<S extends { readonly hidden: Tensor }>(recurrence: Recurrence<S>): LayerResult<S> {
  const { projected, mask, reverse, initial } = recurrence;
  const entering = unstack(projected, 1);
  const real = mask ? unstack(mask, 1).map((m) => expandDims(m, -1)) : null;
  const T = entering.length;
  let state = initial;
  const outputs = new Array<Tensor>(T);
  for (let i = 0; i < T; i++) {
    const t = reverse ? T - 1 - i : i;
    const next = advance(recurrence, entering[t]!, real?.[t] ?? null, state);
    outputs[t] = next.output;
    state = next.state;
  }
  const final = state ?? recurrence.zeros();
  const [B, H] = final.hidden.shape as readonly [number, number];
  return { outputs: T === 0 ? fill([B, 0, H], 0) : stack(outputs, 1), final };
}

function looped<S extends { readonly hidden: Tensor }>(recurrence: Recurrence<S>): LayerResult<S> {
  const { projected, mask, reverse, initial } = recurrence;
  const sequences: { readonly entering: Tensor; readonly real?: Tensor } = {
    entering: swapAxes(projected, 0, 1),
    ...(mask ? { real: expandDims(swapAxes(mask, 0, 1), -1) } : {}),
  };
  const { final, outputs } = scan(
    (state: S, { entering, real }: typeof sequences) => {
      const next = advance(recurrence, entering, real ?? null, state);
      return { state: next.state, outputs: next.output };
    },
    { initial: initial ?? recurrence.zeros(), sequences, reverse },
  );
  return { outputs: swapAxes(outputs, 0, 1), final };
}

/** One step of a row; where it is not real, nothing happens. @param real - bool (B, 1); null: real. */
function advance<S extends { readonly hidden: Tensor }>(
  { step, zeros }: Recurrence<S>,
  entering: Tensor,
  real: Tensor | null,
  state: S | null,
): { readonly state: S; readonly output: Tensor } {
  const next = step(entering, state);
  if (!real) return { state: next, output: next.hidden };
  const kept = zipTrees(next, state ?? zeros(), (now: Tensor, before: Tensor) => where(real, now, before)) as S;
  return { state: kept, output: where(real, next.hidden, 0) };
}
