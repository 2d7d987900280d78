// Models read back by an independent decoder, for tests.

import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, type AttributeProto, type GraphProto, type ModelProto } from "onnx-buf";

/** A model as onnx-buf reads it. */
export function decode(model: Uint8Array): ModelProto {
  return fromBinary(ModelProtoSchema, model);
}

/** The values of a node's attributes by name; a body for those that hold one. */
export function attributesOf({
  attribute,
}: {
  readonly attribute: readonly AttributeProto[];
}): Record<string, unknown> {
  const value = (a: AttributeProto): unknown => {
    switch (a.type) {
      case 1:
        return a.f;
      case 2:
        return Number(a.i);
      case 3:
        return new TextDecoder().decode(a.s);
      case 5:
        return a.g;
      case 6:
        return a.floats;
      case 7:
        return a.ints.map(Number);
      default:
        throw new Error(`attribute ${a.name} has the unexpected type ${a.type}`);
    }
  };
  return Object.fromEntries(attribute.map((a) => [a.name, value(a)]));
}

/** What is wrong with the names of a graph: values used before they are made, or made twice; node names that repeat. */
export function namingFindings(graph: GraphProto, outer: ReadonlySet<string> = new Set()): readonly string[] {
  const findings: string[] = [];
  const known = new Set(outer);
  const make = (name: string): void => {
    if (known.has(name)) findings.push(`${name} is made twice`);
    known.add(name);
  };
  for (const { name } of graph.initializer) make(name);
  for (const { name } of graph.input) make(name);
  const nodeNames = new Set<string>();
  for (const node of graph.node) {
    for (const name of node.input)
      if (name !== "" && !known.has(name)) findings.push(`${node.name} uses ${name} too early`);
    for (const { g } of node.attribute) if (g) findings.push(...namingFindings(g, known));
    for (const name of node.output) if (name !== "") make(name);
    if (nodeNames.has(node.name)) findings.push(`two nodes are called ${node.name}`);
    nodeNames.add(node.name);
  }
  for (const { name } of graph.output) if (!known.has(name)) findings.push(`the output ${name} is not made`);
  return findings;
}
