// One of the runtime's fused attention kernels as a node.

import type { OnnxBuilder } from "../../core/op.ts";

/** What a kernel is told besides its operands. */
export interface FusedNode {
  /** `causal` wants as many queries as keys, and heads whose size is a multiple of 8, for values as for keys. */
  readonly kind: "bidirectional" | "causal";
  readonly headCount: number;
  readonly scale: number;
}

/** What a causal kernel is told of lengths, by name: int32 (B), keys - 1 of each row; int32 scalar, keys. */
export interface KeyCounts {
  readonly last: string;
  readonly total: string;
}

/** A node over query (B, T, H D), keys (B, S, H D) and values (B, S, H E); the name of the context (B, T, H E). */
export function fusedNode(
  onnx: OnnxBuilder,
  operands: readonly string[],
  { kind, headCount, scale }: FusedNode,
  { last, total }: KeyCounts,
): string {
  const common = { num_heads: { int: headCount }, scale: { float: scale } };
  if (kind === "bidirectional") return onnx.node("MultiHeadAttention", operands, common, "com.microsoft");
  const [context] = onnx.nodes(
    "GroupQueryAttention",
    [...operands, "", "", last, total],
    { ...common, kv_num_heads: { int: headCount } },
    { outputs: 3, domain: "com.microsoft" },
  );
  return context!;
}
