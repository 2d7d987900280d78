// Liveness: which tensors of a graph some outputs really depend on, where ops do not read all they are given.

import { topological, type Node, type Tensor, type TensorSet } from "./tensor.ts";

/** The nodes of a graph, inputs first, and the tensors that are needed. */
export interface LiveGraph {
  readonly order: readonly Node[];
  readonly live: ReadonlySet<Tensor>;
}

/**
 * What `outputs` depend on. A loop of which only some results are read needs only some of its inputs.
 *
 * @param given - tensors whose values are known; they may be live, what lies before them is not.
 */
export function liveGraph(outputs: readonly Tensor[], given?: TensorSet): LiveGraph {
  const order = topological(outputs, given);
  const live = new Set(outputs);
  for (const node of [...order].reverse()) {
    const used = node.outputs.map((t) => live.has(t) && !given?.has(t));
    if (!used.includes(true)) continue;
    const reads = node.op.reads?.(used, node.attrs);
    node.inputs.forEach((t, i) => (reads?.[i] ?? true) && live.add(t));
  }
  return { order, live };
}
