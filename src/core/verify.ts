// What a legal graph is; run after each pass in tests.

import { internalError } from "./errors.ts";
import { sameType, show, topological, type Tensor, type TensorType } from "./tensor.ts";
import { leaves } from "./tree.ts";

/**
 * Checks every node that `outputs` depend on: its outputs are its own, and its op's shape rule still gives their types.
 *
 * @throws HeedError (code `internal`) naming the first node that breaks a rule.
 */
export function verifyGraph(outputs: unknown): void {
  for (const node of topological(leaves<Tensor>(outputs).map(([, t]) => t))) {
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
  }
}
