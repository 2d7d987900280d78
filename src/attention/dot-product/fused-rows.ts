// The runtime's fused attention kernels over sequences of several lengths: one kernel for each row of the batch, on the keys
// that are real. The kernels know no padding of their own, or lose their speed by it.

import type { OnnxBuilder } from "../../core/op.ts";
import { fusedNode, type FusedNode } from "./fused-node.ts";

/** What the kernels of all rows share. */
export interface FusedRows extends FusedNode {
  /** Names of query (B, T, H, D), keys (B, S, H, D) and values (B, S, H, E), whose padding may hold anything. */
  readonly operands: readonly [query: string, keys: string, values: string];
  /** The name of int32 (B): real keys of each row, from 0 to S. */
  readonly lengths: string;
  readonly sizes: {
    readonly B: number;
    readonly T: number;
    readonly S: number;
    readonly D: number;
    readonly E: number;
  };
}

/**
 * Nodes for the context (B T, H E).
 *
 * A causal kernel wants as many queries as keys. Queries past the length of their row see all its keys: those are computed
 * by the other kernel. A row without keys gets zeros.
 */
export function fusedRows(onnx: OnnxBuilder, rows: FusedRows): string {
  const { operands, lengths, sizes, headCount, kind } = rows;
  const { B, T, S, D, E } = sizes;
  const int = (values: readonly number[]): string => onnx.constant("int64", [values.length], values);
  const [first] = [int([0])];
  const flat = [
    [T, D],
    [S, D],
    [S, E],
  ].map(([n, size], i) => onnx.node("Reshape", [operands[i]!, int([B * n!, headCount * size!])]));
  // Of every row, as int64 (B): its keys; at least one of them; whether it has any; its queries without keys.
  const length = onnx.node("Cast", [lengths], { to: { int: 7 } });
  const real = onnx.node("Max", [length, int([1])]);
  const some = onnx.node("Min", [length, int([1])]);
  const asked = onnx.node("Mul", [some, int([T])]);
  const numbers = { length, real, asked, idle: onnx.node("Sub", [int([T]), asked]) };
  const each = (name: string): readonly string[] =>
    B === 1 ? [name] : onnx.nodes("Split", [name], { axis: { int: 0 }, num_outputs: { int: B } }, { outputs: B });
  const [lengthOf, realOf, askedOf, idleOf] = Object.values(numbers).map(each) as [
    string[],
    string[],
    string[],
    string[],
  ];
  const parts = Array.from({ length: B }, (_, b) => {
    const at = (start: number, count: string): string => onnx.node("Add", [int([start]), count]);
    const slice = (x: string, from: string, to: string): string => onnx.node("Slice", [x, from, to, first]);
    const kernel = (type: FusedNode["kind"], query: string, count: string): string => {
      const [keys, values] = [flat[1]!, flat[2]!].map((x) => slice(x, int([b * S]), at(b * S, realOf[b]!)));
      const three = [query, keys!, values!].map((x) => onnx.node("Unsqueeze", [x, first]));
      const total = onnx.node("Cast", [count], { to: { int: 6 } });
      const counts = {
        last: onnx.node("Sub", [total, onnx.constant("int32", [1], [1])]),
        total: onnx.node("Squeeze", [total, first]),
      };
      return onnx.node("Squeeze", [fusedNode(onnx, three, { ...rows, kind: type }, counts), first]);
    };
    const end = at(b * T, askedOf[b]!);
    const zeros = onnx.node("ConstantOfShape", [
      onnx.node("Concat", [idleOf[b]!, int([headCount * E])], { axis: { int: 0 } }),
    ]);
    if (kind === "bidirectional") return [kernel(kind, slice(flat[0]!, int([b * T]), end), realOf[b]!), zeros];
    const square = kernel("causal", slice(flat[0]!, int([b * T]), at(b * T, realOf[b]!)), realOf[b]!);
    const past = kernel("bidirectional", slice(flat[0]!, at(b * T, lengthOf[b]!), end), realOf[b]!);
    return [slice(square, first, lengthOf[b]!), past, zeros];
  });
  return onnx.node("Concat", parts.flat(), { axis: { int: 0 } });
}
