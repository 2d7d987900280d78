// The runtime's fused attention kernels as an op, with a gradient of their own.

import { shapeError } from "../../core/errors.ts";
import { applyOp, type LowerContext, type OnnxBuilder, type OpDef, type RefArray } from "../../core/op.ts";
import { refArray } from "../../core/reference.ts";
import { input } from "../../core/ops/source.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { fusedNode, type FusedNode } from "./fused-node.ts";
import { fusedRows } from "./fused-rows.ts";

/** Which kernel computes an attention: exactly no mask or a causal one, with lengths beside it or without. */
export interface FusedKernel {
  readonly kind: FusedNode["kind"];
  /** int32 (B): real keys of each row, from 0 to S; a row of 0 gets zeros. Null: all. */
  readonly lengths: Tensor | null;
}

type FusedAttrs = {
  readonly kind: FusedNode["kind"];
  readonly scale: number;
  /** The same attention in primitives. @param lengths - to be used in the place of those that it knows. */
  readonly inPrimitives: (query: Tensor, keys: Tensor, values: Tensor, lengths?: Tensor) => Tensor;
  /** Gradients with respect to the operands from that of the context. @param lengths - as above. */
  readonly backward: (
    operands: readonly [query: Tensor, keys: Tensor, values: Tensor],
    result: { readonly context: Tensor; readonly g: Tensor },
    lengths?: Tensor,
  ) => readonly Tensor[];
};
type Operands = readonly [query: Tensor, keys: Tensor, values: Tensor, ...lengths: readonly Tensor[]];

const fusedOp: OpDef<Operands, FusedAttrs> = {
  name: "fusedAttention",
  infer([query, keys, values, lengths], { kind }) {
    const [B, T, H] = query.shape as readonly [number, number, number];
    const fits =
      query.rank === 4 &&
      keys.rank === 4 &&
      values.rank === 4 &&
      keys.shape[0] === B &&
      keys.shape[2] === H &&
      keys.shape[3] === query.shape[3] &&
      values.shape.slice(0, 3).every((n, i) => n === keys.shape[i]) &&
      (kind === "bidirectional" || keys.shape[1] === T) &&
      (!lengths || (lengths.dtype === "int32" && lengths.rank === 1 && lengths.shape[0] === B));
    if (!fits)
      throw shapeError("fusedAttention", "query, keys and values must fit", [query, keys, values].map(show).join(", "));
    return [{ dtype: "float32", shape: [B, T, H, values.shape[3]!] }];
  },
  vjp([g], [query, keys, values, ...lengths], [context], { backward }) {
    const operands = [query, keys, values] as const;
    const grads = g ? backward(operands, { context: context!, g }, lengths[0]) : operands.map(() => null);
    return [...grads, ...lengths.map(() => null)] as never;
  },
  lower: (onnx, names, context) => [lowerFused(onnx, names, context)],
  evaluate: ([query, keys, values, lengths], { kind, scale }) => [
    attendReference([query, keys, values], lengths ?? null, kind === "causal", scale),
  ],
  flops([query, keys, values], _outputs, { kind }) {
    const [B, T, H, D] = query!.shape as readonly [number, number, number, number];
    const pairs = B * H * T * keys!.shape[1]! * (kind === "causal" ? 0.5 : 1);
    return 2 * pairs * (D + values!.shape[3]!);
  },
};

/** Attention by a fused kernel: (B, T, H, D), (B, S, H, D), (B, S, H, E) -> (B, T, H, E). */
export function attendFused(
  operands: readonly [query: Tensor, keys: Tensor, values: Tensor],
  { kind, lengths }: FusedKernel,
  attrs: Omit<FusedAttrs, "kind">,
): Tensor {
  return applyOp(fusedOp, lengths ? [...operands, lengths] : operands, { ...attrs, kind })[0]!;
}

/** The kernels want (B, T, H * D), which is the same memory. */
function lowerFused(
  onnx: OnnxBuilder,
  names: readonly string[],
  { types, outputs, attrs, target }: LowerContext<Operands, FusedAttrs>,
): string {
  const [B, S, H, D] = types[1].shape as readonly [number, number, number, number];
  const node = { kind: attrs.kind, headCount: H, scale: attrs.scale };
  const shaped = (value: string, shape: readonly number[]): string =>
    onnx.node("Reshape", [value, onnx.constant("int64", [shape.length], shape)]);
  const lengths = names[3];
  if (lengths === undefined) {
    const flat = types.map((type, i) => shaped(names[i]!, [...type!.shape.slice(0, 2), H * type!.shape[3]!]));
    const counts = {
      last: onnx.constant("int32", [B], new Int32Array(B).fill(S - 1)),
      total: onnx.constant("int32", [], Int32Array.of(S)),
    };
    return shaped(fusedNode(onnx, flat, node, counts), outputs[0]!.shape);
  }
  // There shapes that are known only when it runs come back to the processor first.
  if (target.device === "webgpu") {
    const formals = types.map((type) => input(type!.shape, type!.dtype)) as unknown as [Tensor, Tensor, Tensor, Tensor];
    return onnx.inline([attrs.inPrimitives(...formals)], new Map(formals.map((t, i) => [t, names[i]!])))[0]!;
  }
  const sizes = { B, T: types[0].shape[1]!, S, D, E: types[2].shape[3]! };
  const operands = names.slice(0, 3) as unknown as readonly [string, string, string];
  return shaped(fusedRows(onnx, { ...node, operands, lengths, sizes }), outputs[0]!.shape);
}

function attendReference(
  [query, keys, values]: readonly [RefArray, RefArray, RefArray],
  lengths: RefArray | null,
  causal: boolean,
  scale: number,
): RefArray {
  const [B, T, H, D] = query.shape as readonly [number, number, number, number];
  const [S, E] = [keys.shape[1]!, values.shape[3]!];
  const out = refArray([B, T, H, E]);
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let t = 0; t < T; t++) {
        const count = Math.min(causal ? t + 1 : S, lengths ? lengths.data[b]! : S);
        const scores = Float64Array.from({ length: count }, (_, s) => {
          let dot = 0;
          for (let d = 0; d < D; d++)
            dot += query.data[((b * T + t) * H + h) * D + d]! * keys.data[((b * S + s) * H + h) * D + d]!;
          return dot * scale;
        });
        const top = scores.reduce((a, x) => (Number.isNaN(x) ? NaN : Math.max(a, x)), -Infinity);
        const exps = scores.map((x) => Math.exp(x - top));
        const total = exps.reduce((a, x) => a + x, 0);
        for (let e = 0; e < E; e++) {
          let sum = 0;
          for (let s = 0; s < count; s++) sum += (exps[s]! / total) * values.data[((b * S + s) * H + h) * E + e]!;
          out.data[((b * T + t) * H + h) * E + e] = sum;
        }
      }
  return out;
}
