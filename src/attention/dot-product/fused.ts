// The runtime's fused attention kernels as an op, whose gradient is that of the same attention in primitives.

import { gradients } from "../../core/grad.ts";
import { shapeError } from "../../core/errors.ts";
import { applyOp, type LowerContext, type OnnxBuilder, type OpDef, type RefArray } from "../../core/op.ts";
import { refArray } from "../../core/reference.ts";
import { show, type Tensor } from "../../core/tensor.ts";

type FusedAttrs = {
  readonly kind: "bidirectional" | "causal";
  readonly scale: number;
  /** The same attention in primitives, for the gradient. */
  readonly inPrimitives: (query: Tensor, keys: Tensor, values: Tensor) => Tensor;
};
type Operands = readonly [query: Tensor, keys: Tensor, values: Tensor];

const fusedOp: OpDef<Operands, FusedAttrs> = {
  name: "fusedAttention",
  infer([query, keys, values], { kind }) {
    const [B, T, H] = query.shape as readonly [number, number, number];
    const fits =
      query.rank === 4 &&
      keys.rank === 4 &&
      values.rank === 4 &&
      keys.shape[0] === B &&
      keys.shape[2] === H &&
      keys.shape[3] === query.shape[3] &&
      values.shape.slice(0, 3).every((n, i) => n === keys.shape[i]) &&
      (kind === "bidirectional" || keys.shape[1] === T);
    if (!fits)
      throw shapeError("fusedAttention", "query, keys and values must fit", [query, keys, values].map(show).join(", "));
    return [{ dtype: "float32", shape: [B, T, H, values.shape[3]!] }];
  },
  vjp: ([g], operands, _outputs, { inPrimitives }) =>
    g ? (gradients(inPrimitives(...operands), operands, g) as unknown as Operands) : [null, null, null],
  lower: (onnx, names, context) => [lowerFused(onnx, names, context)],
  evaluate: ([query, keys, values], { kind, scale }) => [
    attendReference(query, keys, values, kind === "causal", scale),
  ],
  flops([query, keys, values], _outputs, { kind }) {
    const [B, T, H, D] = query!.shape as readonly [number, number, number, number];
    const pairs = B * H * T * keys!.shape[1]! * (kind === "causal" ? 0.5 : 1);
    return 2 * pairs * (D + values!.shape[3]!);
  },
};

/** Attention by a fused kernel: (B, T, H, D), (B, S, H, D), (B, S, H, E) -> (B, T, H, E). */
export function attendFused([query, keys, values]: Operands, attrs: FusedAttrs): Tensor {
  return applyOp(fusedOp, [query, keys, values], attrs)[0]!;
}

/** The kernels want (B, T, H * D), which is the same memory. */
function lowerFused(
  onnx: OnnxBuilder,
  names: readonly string[],
  { types, outputs, attrs }: LowerContext<Operands, FusedAttrs>,
): string {
  const [B, S, H] = types[1].shape as readonly [number, number, number];
  const shaped = (value: string, shape: readonly number[]): string =>
    onnx.node("Reshape", [value, onnx.constant("int64", [shape.length], shape)]);
  const flat = types.map(({ shape }, i) => shaped(names[i]!, [shape[0]!, shape[1]!, shape[2]! * shape[3]!]));
  const common = { num_heads: { int: H }, scale: { float: attrs.scale } };
  if (attrs.kind === "bidirectional")
    return shaped(onnx.node("MultiHeadAttention", flat, common, "com.microsoft"), outputs[0]!.shape);
  const last = onnx.constant("int32", [B], new Int32Array(B).fill(S - 1));
  const total = onnx.constant("int32", [], Int32Array.of(S));
  const [context] = onnx.nodes(
    "GroupQueryAttention",
    [...flat, "", "", last, total],
    { ...common, kv_num_heads: { int: H } },
    { outputs: 3, domain: "com.microsoft" },
  );
  return shaped(context!, outputs[0]!.shape);
}

function attendReference(query: RefArray, keys: RefArray, values: RefArray, causal: boolean, scale: number): RefArray {
  const [B, T, H, D] = query.shape as readonly [number, number, number, number];
  const [S, E] = [keys.shape[1]!, values.shape[3]!];
  const out = refArray([B, T, H, E]);
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let t = 0; t < T; t++) {
        const count = causal ? t + 1 : S;
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
