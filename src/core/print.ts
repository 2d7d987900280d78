// A graph as text: stable, so that a diff of two prints is a review.

import { show, topological, type Tensor } from "./tensor.ts";
import { leaves } from "./tree.ts";

/**
 * The graph of some outputs, one node a line: `%3 = softmax(%2) {axis: 1} : float32[2, 3]  # scope`.
 *
 * @param outputs - a tensor, or a tree of tensors; its paths name the results in the last lines.
 */
export function printGraph(outputs: unknown): string {
  const results = leaves<Tensor>(outputs);
  const names = new Map<Tensor, string>();
  const lines: string[] = [];
  let count = 0;
  for (const node of topological(results.map(([, t]) => t))) {
    for (const t of node.outputs) names.set(t, `%${count++}`);
    const left = node.outputs.map((t) => names.get(t)!).join(", ");
    const operands = node.inputs.map((t) => names.get(t)!).join(", ");
    const attrs = printAttrs(node.attrs);
    const types = node.outputs.map(show).join(", ");
    lines.push(
      `${left} = ${node.op.name}(${operands})${attrs} : ${types}${node.scope === "" ? "" : `  # ${node.scope}`}`,
    );
  }
  for (const [path, t] of results) lines.push(`return ${path === "" ? "" : `${path} = `}${names.get(t)!}`);
  return lines.join("\n");
}

function printAttrs(attrs: object): string {
  const entries = Object.entries(attrs as Record<string, unknown>).filter(
    ([, value]) => value !== "" && typeof value !== "function",
  );
  return entries.length === 0 ? "" : ` {${entries.map(([key, value]) => `${key}: ${printValue(value)}`).join(", ")}}`;
}

function printValue(value: unknown): string {
  if (ArrayBuffer.isView(value)) {
    const items = Array.from(value as unknown as ArrayLike<number | bigint>)
      .slice(0, 4)
      .map(String);
    const { length } = value as unknown as ArrayLike<number>;
    return `<${items.join(", ")}${length > 4 ? `, ... ${length}` : ""}>`;
  }
  if (Array.isArray(value)) return `[${value.map(printValue).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, v]) => `${key}: ${printValue(v)}`)
      .join(", ")}}`;
  return String(value);
}
