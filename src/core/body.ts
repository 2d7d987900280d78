// Bodies of loops: graphs that are cut out of their surroundings by the tensors that change from step to step.

import { sizeOf } from "./dtype.ts";
import { topological, type Node, type Tensor } from "./tensor.ts";

// Mutable module state, of the kind of the scopes' stack (scope.ts): tracing is synchronous.
let depth = 0;

/** Runs `trace`, which makes the nodes of a body; `random` refuses to be one of them. */
export function inBody<R>(trace: () => R): R {
  depth++;
  try {
    return trace();
  } finally {
    depth--;
  }
}

/** Whether the body of a loop is being traced. */
export function tracesBody(): boolean {
  return depth > 0;
}

/** A body as seen from outside. */
export interface ClosedBody {
  /** The tensors of the surroundings that it reads: computed once, before the loop. */
  readonly captured: readonly Tensor[];
  /** The nodes that run at every step, inputs first. */
  readonly nodes: readonly Node[];
}

/**
 * Tells what changes from step to step from what does not: a node that depends on none of `formals` belongs to the
 * surroundings, however it came to be called in the body.
 *
 * @param formals - the tensors that stand for states, slices and other values that are handed in.
 */
export function closeBody(outputs: readonly Tensor[], formals: ReadonlySet<Tensor>): ClosedBody {
  const inside = new Set<Tensor>(formals);
  const captured = new Set<Tensor>();
  const nodes: Node[] = [];
  const read = (t: Tensor): void => {
    if (!inside.has(t) && !isSmallConstant(t.node)) captured.add(t);
  };
  for (const node of topological(outputs, formals)) {
    if (!node.inputs.some((t) => inside.has(t))) continue;
    nodes.push(node);
    node.inputs.forEach(read);
    for (const t of node.outputs) inside.add(t);
  }
  outputs.forEach(read);
  return { captured: [...captured], nodes };
}

/** Whether a node gives a constant that is cheaper to repeat than to hand in: none of float32, which may want a gradient. */
function isSmallConstant({ op, inputs, outputs }: Node): boolean {
  const isSmall = (t: Tensor): boolean => t.dtype !== "float32" && sizeOf(t.shape) <= 16;
  return inputs.length === 0 && op.source === undefined && outputs.every(isSmall);
}

/** Whether a node only moves elements (or passes them on): it is repeated rather than its results kept. */
export function onlyMoves({ op, inputs, outputs, attrs }: Node): boolean {
  return op.flops?.(inputs, outputs, attrs) === 0;
}
