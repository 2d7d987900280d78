// What the `scan` op holds, and which parts of it a result depends on.

import { liveGraph } from "../live.ts";
import type { BodyGraph } from "../op.ts";
import type { Tensor } from "../tensor.ts";

/** A loop over `length` steps. The op's inputs are initial states, sequences and captured values, in this order. */
export type ScanAttrs = {
  /** From states, slices and captured values to the next states and the values of the step. */
  readonly body: BodyGraph;
  readonly stateCount: number;
  readonly sequenceCount: number;
  readonly length: number;
  /** From the last step to the first; stacked values keep the order of the sequences. */
  readonly reverse: boolean;
  /** The gradient computes the values of a step again, from its states, rather than reading what the loop kept. */
  readonly recompute: boolean;
};

/** What a loop is made of. */
export interface LoopSpec {
  readonly states: readonly { readonly formal: Tensor; readonly initial: Tensor; readonly next: Tensor }[];
  readonly slices: readonly { readonly formal: Tensor; readonly sequence: Tensor }[];
  /** The values of a step that are wanted stacked. */
  readonly steps: readonly Tensor[];
  /** Tensors of the body that stand for other values of the surroundings than themselves. */
  readonly bound: ReadonlyMap<Tensor, Tensor>;
  readonly length: number;
  readonly reverse: boolean;
  readonly recompute: boolean;
}

/** What a loop gives: the states after the last step, and the values of the steps, stacked. */
export interface LoopResult {
  readonly finals: readonly Tensor[];
  readonly stacks: readonly Tensor[];
}

/** The tensors of a body by their part. */
export interface ScanParts<T> {
  readonly states: readonly T[];
  readonly slices: readonly T[];
  readonly captured: readonly T[];
}

/** What the body takes, or what the op was given, by part. */
export function partsOf<T>(inputs: readonly T[], { stateCount, sequenceCount }: ScanAttrs): ScanParts<T> {
  const first = stateCount + sequenceCount;
  return {
    states: inputs.slice(0, stateCount),
    slices: inputs.slice(stateCount, first),
    captured: inputs.slice(first),
  };
}

/** What a body gives, or the op: states first, then the values of each step. */
export function resultsOf<T>(
  outputs: readonly T[],
  { stateCount }: ScanAttrs,
): { readonly states: readonly T[]; readonly steps: readonly T[] } {
  return { states: outputs.slice(0, stateCount), steps: outputs.slice(stateCount) };
}

/** The tensors of the body that the used outputs of the op depend on, over all steps. */
export function liveBody(attrs: ScanAttrs, used: readonly boolean[]): ReadonlySet<Tensor> {
  const { inputs, outputs } = attrs.body;
  const formals = new Set(inputs);
  const { states } = partsOf(inputs, attrs);
  let wanted = outputs.filter((_, i) => used[i]);
  // A state that a used value reads must be carried, and what it is computed from too.
  for (;;) {
    const { live } = liveGraph(wanted, formals);
    const more = states.flatMap((s, i) => (live.has(s) && !wanted.includes(outputs[i]!) ? [outputs[i]!] : []));
    if (more.length === 0) return live;
    wanted = [...wanted, ...more];
  }
}
