// From a graph to an ONNX model: each op writes its own nodes; this file only walks.

import { sizeOf } from "../core/dtype.ts";
import { graphError, type HeedError } from "../core/errors.ts";
import { kindOf } from "../core/ndarray.ts";
import type { Target } from "../core/op.ts";
import { moveAsNumbers } from "../core/ops/webgpu.ts";
import { liveGraph } from "../core/live.ts";
import { show, topological, type Node, type Tensor } from "../core/tensor.ts";
import { GraphBuilder } from "./builder.ts";

/** A model and how to talk to it. */
export interface LoweredGraph {
  /** The ONNX file. */
  readonly model: Uint8Array;
  /** Tensors to feed, with their names in the model; `random` nodes are among them. */
  readonly feeds: readonly { readonly name: string; readonly tensor: Tensor }[];
  /** The name of each requested output, in order; `null` for one without elements, which no runtime needs to compute. */
  readonly outputs: readonly (string | null)[];
  readonly nodeCount: number;
  readonly constantBytes: number;
  /** For the name of each node of the model the node it was made for; `null` inside the body of a loop. */
  readonly origins: ReadonlyMap<string, Node | null>;
}

/**
 * Lowers the graph of `outputs` for one target.
 *
 * Tensors without elements never reach the runtime, whose kernels treat them differently on every device: an empty
 * input is a constant, an empty output is `null`, and a node with only empty outputs is left out. An op's rule
 * therefore meets empty inputs only where its result has elements.
 *
 * @param inputs - the graph's arguments, in order; those that the outputs do not depend on are not fed.
 * @throws HeedError when the graph needs an input that is not among `inputs`.
 */
export function lowerGraph(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  target: Target,
  name = "heed",
): LoweredGraph {
  const full = outputs.filter((t) => !isEmpty(t));
  const order = topological(full);
  const names = new Map<Tensor, string>();
  const builder = new GraphBuilder((body, wanted, given) => {
    // Names inside a body shadow nothing: they are unique in the model.
    const inner = new Map(given);
    lowerNodes(body, wanted, inner, target);
    return wanted.map((t) => inner.get(t)!);
  });

  const feeds = feedsOf(inputs, full, order);
  for (const { name: feed, tensor } of feeds) names.set(tensor, feed);
  lowerNodes(builder, full, names, target);

  // Each output gets a node of its own: an output may not be an input, and two outputs may be one value.
  builder.begin(null, "output");
  const outputNames = outputs.map((t, i) =>
    isEmpty(t) ? null : nameOutput(builder, t, names.get(t)!, `out${i}`, target),
  );
  const model = builder.model(
    feeds.map((f) => f.name),
    feeds.map((f) => f.tensor),
    outputNames.filter((n) => n !== null),
    full,
    name,
  );
  const { nodeCount, constantBytes, origins } = builder;
  return { model, feeds, outputs: outputNames, nodeCount, constantBytes, origins };
}

function isEmpty({ shape }: Tensor): boolean {
  return sizeOf(shape) === 0;
}

function feedsOf(
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  order: readonly Node[],
): readonly { readonly name: string; readonly tensor: Tensor }[] {
  const known = new Set(inputs);
  // Keys of random numbers are read by the engine on the host: the model itself does not see them.
  const read = new Set<Tensor>(outputs);
  for (const node of order) if (node.op.source !== "random") for (const t of node.inputs) read.add(t);

  const feeds: { name: string; tensor: Tensor }[] = [];
  for (const tensor of inputs)
    if (read.has(tensor) && !isEmpty(tensor)) feeds.push({ name: `in${feeds.length}`, tensor });
  for (const { op, outputs: made } of order) {
    const tensor = made[0]!;
    if (op.source === "random" && !isEmpty(tensor)) feeds.push({ name: `random${feeds.length}`, tensor });
    if (op.source === "feed" && !known.has(tensor)) throw foreignInput(tensor);
  }
  return feeds;
}

function foreignInput({ node, dtype, shape }: Tensor): HeedError {
  const { label } = node.attrs as { readonly label?: unknown };
  const named = typeof label === "string" && label !== "" ? `${JSON.stringify(label)} ` : "";
  return graphError(
    "lowerGraph",
    "every input of the graph must be an argument",
    `${named}${show({ dtype, shape })}`,
    "Pass it to the compiled function, or wrap its value in constant().",
  );
}

function nameOutput(builder: GraphBuilder, { dtype }: Tensor, value: string, name: string, target: Target): string {
  const [moved] = moveAsNumbers(builder, target, dtype, [value], (operands) => operands);
  return builder.named(moved!, name);
}

function lowerNodes(
  builder: GraphBuilder,
  outputs: readonly Tensor[],
  names: Map<Tensor, string>,
  target: Target,
): void {
  const { order, live } = liveGraph(outputs, names);
  // A tensor that is not live has no name: nobody will ask for it.
  const nameOf = (t: Tensor): string => names.get(t) ?? (isEmpty(t) ? builder.constant(t.dtype, t.shape, []) : "");
  for (const node of order) {
    const used = node.outputs.map((t) => live.has(t) && !names.has(t) && !isEmpty(t));
    if (node.op.source || !used.includes(true)) continue;
    if (typeof node.op.lower !== "function")
      throw graphError(node.op.name, "an op must have an ONNX rule, `lower`, to be compiled", kindOf(node.op.lower));
    builder.begin(node, node.scope === "" ? node.op.name : `${node.scope}/${node.op.name}`);
    const results = node.op.lower(builder, node.inputs.map(nameOf) as never, {
      types: node.inputs as never,
      outputs: node.outputs,
      used,
      attrs: node.attrs,
      target,
    });
    node.outputs.forEach((t, i) => {
      if (used[i]) names.set(t, results[i]!);
    });
  }
}
