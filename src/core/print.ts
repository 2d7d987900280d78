// A graph as text: stable, so that a diff of two prints is a review.

import type { BodyGraph } from "./op.ts";
import { sameShape, sameType, show, topological, type Tensor, type TensorType } from "./tensor.ts";
import { tensorLeaves } from "./tree.ts";

/**
 * The graph of some outputs, one node a line: `%3 = softmax(%2) {axis: 1} : float32[2, 3]  # scope`. The body of a loop
 * follows its node, set in.
 *
 * @param outputs - a tensor, or a tree of tensors; its paths name the results in the last lines.
 */
export function printGraph(outputs: unknown): string {
  const results = tensorLeaves("printGraph", "the output", outputs);
  const names = new Map<Tensor, string>();
  const printer: Printer = { lines: [], count: 0 };
  printNodes(
    printer,
    results.map(([, t]) => t),
    names,
    "",
  );
  for (const [path, t] of results) printer.lines.push(`return ${path === "" ? "" : `${path} = `}${names.get(t)!}`);
  return printer.lines.join("\n");
}

interface Printer {
  readonly lines: string[];
  count: number;
}

/** Prints the nodes of `outputs` that have no names yet, and gives them some. */
function printNodes(printer: Printer, outputs: readonly Tensor[], names: Map<Tensor, string>, indent: string): void {
  const name = (t: Tensor, to: Map<Tensor, string>): string => {
    to.set(t, `%${printer.count++}`);
    return to.get(t)!;
  };
  for (const { op, inputs, attrs, outputs: made, scope } of topological(outputs, names)) {
    const left = made.map((t) => name(t, names)).join(", ");
    const operands = inputs.map((t) => names.get(t)!).join(", ");
    const body = op.bodyOf?.(attrs);
    const types = made.map(show).join(", ");
    printer.lines.push(
      `${indent}${left} = ${op.name}(${operands})${printAttrs(attrs, made[0]!, body)} : ${types}${scope === "" ? "" : `  # ${scope}`}`,
    );
    if (!body) continue;
    const inner = new Map<Tensor, string>();
    printer.lines.push(`${indent}  body(${body.inputs.map((t) => `${name(t, inner)}: ${show(t)}`).join(", ")}):`);
    printNodes(printer, body.outputs, inner, `${indent}    `);
    printer.lines.push(`${indent}    yield ${body.outputs.map((t) => inner.get(t)!).join(", ")}`);
  }
}

/** Attributes in braces; those that only repeat the type, and functions, are left out. */
function printAttrs(attrs: object, type: TensorType, body: BodyGraph | undefined): string {
  const repeats = (key: string, value: unknown): boolean =>
    (key === "dtype" && value === type.dtype) ||
    (key === "shape" && sameShape(value as readonly number[], type.shape)) ||
    (key === "type" && sameType(value as TensorType, type));
  const entries = Object.entries(attrs as Record<string, unknown>).filter(
    ([key, value]) => value !== "" && typeof value !== "function" && value !== body && !repeats(key, value),
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
