// What a legal graph is; run after each pass in tests.

import { internalError } from "./errors.ts";
import type { BodyGraph } from "./op.ts";
import { sameType, show, topological, type Tensor, type TensorType } from "./tensor.ts";
import { tensorLeaves } from "./tree.ts";

/**
 * Checks every node that `outputs` depend on, those in the bodies of loops too: its outputs are its own, and its op's
 * shape rule still gives their types.
 *
 * @throws HeedError (code `internal`) naming the first node that breaks a rule.
 */
export function verifyGraph(outputs: unknown): void {
  verifyNodes(
    tensorLeaves("verifyGraph", "the output", outputs).map(([, t]) => t),
    new Set(),
  );
}

function verifyNodes(outputs: readonly Tensor[], given: ReadonlySet<Tensor>): void {
  for (const node of topological(outputs, given)) {
    node.outputs.forEach((t, i) => {
      if (t.node !== node || t.index !== i)
        throw internalError("verifyGraph", `output ${i} of ${node.op.name} must belong to its node`);
    });
    if (!Object.isFrozen(node) || !Object.isFrozen(node.inputs) || !Object.isFrozen(node.outputs))
      throw internalError("verifyGraph", `${node.op.name} must be frozen`);
    const types = node.op.infer(node.inputs as never, node.attrs) as readonly TensorType[];
    if (types.length !== node.outputs.length || !types.every((type, i) => sameType(type, node.outputs[i]!)))
      throw internalError(
        "verifyGraph",
        `${node.op.name} must have the types of its shape rule, ${types.map(show).join(", ")}`,
        node.outputs.map(show).join(", "),
      );
    const body = node.op.bodyOf?.(node.attrs);
    if (body) verifyBody(node.op.name, body);
  }
}

function verifyBody(op: string, { inputs, outputs }: BodyGraph): void {
  const given = new Set(inputs);
  if (given.size !== inputs.length) throw internalError("verifyGraph", `the inputs of the body of ${op} must differ`);
  // What a body is not given it must make: an input of the surroundings is none of its own.
  for (const { op: inner, outputs: made } of topological(outputs, given))
    if (inner.source)
      throw internalError(
        "verifyGraph",
        `the body of ${op} must be closed`,
        `${inner.name} ${made.map(show).join(", ")}`,
      );
  verifyNodes(outputs, given);
}
