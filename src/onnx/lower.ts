// From a graph to an ONNX model: each op writes its own nodes; this file only walks.

import { graphError } from "../core/errors.ts";
import type { Target } from "../core/op.ts";
import { show, topological, type Node, type Tensor } from "../core/tensor.ts";
import { GraphBuilder } from "./builder.ts";

/** A model and how to talk to it. */
export interface LoweredGraph {
  /** The ONNX file. */
  readonly model: Uint8Array;
  /** Tensors to feed, with their names in the model; `random` nodes are among them. */
  readonly feeds: readonly { readonly name: string; readonly tensor: Tensor }[];
  /** The name of each requested output, in order. */
  readonly outputs: readonly string[];
  readonly nodeCount: number;
  readonly constantBytes: number;
}

/**
 * Lowers the graph of `outputs` for one target.
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
  const order = topological(outputs);
  const known = new Set(inputs);
  const feeds: { name: string; tensor: Tensor }[] = [];
  const names = new Map<Tensor, string>();
  const builder = new GraphBuilder((body, bodyInputs, bodyOutputs) => {
    // Names inside a body shadow nothing: they are unique in the model.
    const inner = new Map(names);
    const inputNames = bodyInputs.map((t) => {
      const fresh = body.fresh();
      inner.set(t, fresh);
      return fresh;
    });
    lowerNodes(body, topological(bodyOutputs), inner, target);
    return [...inputNames, ...bodyOutputs.map((t) => inner.get(t)!)];
  });

  const used = new Set<Node>(order);
  for (const tensor of inputs)
    if (used.has(tensor.node) && !hasRandomUseOnly(tensor, order)) feeds.push({ name: `in${feeds.length}`, tensor });
  for (const node of order) {
    if (node.op.source === "random") feeds.push({ name: `random${feeds.length}`, tensor: node.outputs[0]! });
    if (node.op.source === "feed" && !known.has(node.outputs[0]!))
      throw graphError("lowerGraph", "every input of the graph must be an argument", show(node.outputs[0]!));
  }
  for (const { name: feed, tensor } of feeds) names.set(tensor, feed);
  lowerNodes(builder, order, names, target);

  // Each output gets a node of its own: an output may not be an input, and two outputs may be one value.
  const outputNames = outputs.map((t, i) => builder.named(names.get(t)!, `out${i}`));
  const model = builder.model(
    feeds.map((f) => f.name),
    feeds.map((f) => f.tensor),
    outputNames,
    outputs,
    name,
  );
  return { model, feeds, outputs: outputNames, nodeCount: builder.nodeCount, constantBytes: builder.constantBytes };
}

// Keys of random numbers are read by the engine on the host; the model itself never sees them.
function hasRandomUseOnly(tensor: Tensor, order: readonly Node[]): boolean {
  const uses = order.filter((node) => node.inputs.includes(tensor));
  return uses.length > 0 && uses.every((node) => node.op.source === "random");
}

function lowerNodes(builder: GraphBuilder, order: readonly Node[], names: Map<Tensor, string>, target: Target): void {
  for (const node of order) {
    if (node.op.source || node.outputs.every((t) => names.has(t))) continue;
    builder.label = node.scope === "" ? node.op.name : `${node.scope}/${node.op.name}`;
    const inputNames = node.inputs.map((t) => names.get(t)!);
    const results = node.op.lower(builder, inputNames as never, {
      types: node.inputs as never,
      outputs: node.outputs,
      attrs: node.attrs,
      target,
    });
    node.outputs.forEach((t, i) => names.set(t, results[i]!));
  }
}
