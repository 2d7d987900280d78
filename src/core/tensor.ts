// The graph: immutable nodes, and the tensors that are their outputs.

import type { DType } from "./dtype.ts";
import type { AnyOp } from "./op.ts";

/** What is known of a tensor before any data exists. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** One application of an op. Nodes never change; passes make new ones. */
export interface Node {
  readonly op: AnyOp;
  readonly inputs: readonly Tensor[];
  readonly attrs: object;
  readonly outputs: readonly Tensor[];
  /** The dotted scope in which it was made; empty at the top. */
  readonly scope: string;
}

/** One output of a node: a value in the graph with its dtype and shape, but no data. */
export class Tensor implements TensorType {
  readonly node: Node;
  readonly index: number;
  readonly dtype: DType;
  readonly shape: readonly number[];

  /** Made by `defineOp`'s functions only. */
  constructor(node: Node, index: number, type: TensorType) {
    this.node = node;
    this.index = index;
    this.dtype = type.dtype;
    this.shape = type.shape;
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  toString(): string {
    return show(this);
  }
}

/** `float32[2, 3]`, as every error message writes a type. */
export function show(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(", ")}]`;
}

/** Whether two shapes are equal. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** Whether two types are equal. */
export function sameType(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

/** Anything that says whether it holds a tensor: a set, or a map by tensors. */
export interface TensorSet {
  has(t: Tensor): boolean;
}

const none: TensorSet = { has: () => false };

/**
 * All nodes that `outputs` depend on, inputs first; the order is a function of the graph alone.
 *
 * @param given - tensors whose values are known: the walk does not go beyond them. Default none.
 */
export function topological(outputs: readonly Tensor[], given: TensorSet = none): readonly Node[] {
  const order: Node[] = [];
  const done = new Set<Node>();
  // An explicit stack: unrolled networks are deeper than the call stack.
  const stack: { node: Node; next: number }[] = [];
  for (const output of outputs) {
    if (!done.has(output.node) && !given.has(output)) stack.push({ node: output.node, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      if (done.has(top.node)) {
        stack.pop();
      } else if (top.next < top.node.inputs.length) {
        const input = top.node.inputs[top.next++]!;
        if (!done.has(input.node) && !given.has(input)) stack.push({ node: input.node, next: 0 });
      } else {
        done.add(top.node);
        order.push(top.node);
        stack.pop();
      }
    }
  }
  return order;
}
