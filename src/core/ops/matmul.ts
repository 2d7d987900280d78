// Matrix product over the last two axes, with NumPy's broadcasting of the axes in front.

import { broadcastShapes } from "../axes.ts";
import { sizeOf } from "../dtype.ts";
import { dtypeError, shapeError } from "../errors.ts";
import { applyOp, type OpDef } from "../op.ts";
import { eachIndex, refArray, refBroadcast } from "../reference.ts";
import { sameShape, show, type Tensor } from "../tensor.ts";
import { concat } from "./concat.ts";
import { reshape, transpose, transposeSource } from "./movement.ts";

const matmulOp: OpDef<readonly [Tensor, Tensor], Record<never, never>> = {
  name: "matmul",
  infer([a, b]) {
    if (a.dtype !== "float32" || b.dtype !== "float32")
      throw dtypeError("matmul", "a and b must be float32", `${show(a)} and ${show(b)}`);
    if (a.rank < 2 || b.rank < 2)
      throw shapeError(
        "matmul",
        "a and b need at least 2 axes",
        `${show(a)} and ${show(b)}`,
        "Use reshape or expandDims for vectors.",
      );
    if (a.shape.at(-1) !== b.shape.at(-2))
      throw shapeError("matmul", "the last axis of a must equal the second last of b", `${show(a)} and ${show(b)}`);
    const batch = broadcastShapes(
      "matmul",
      [a, b].map((t) => ({ dtype: t.dtype, shape: t.shape.slice(0, -2) })),
    );
    return [{ dtype: "float32", shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] }];
  },
  vjp([g], [a, b]) {
    if (!g) return [null, null];
    if (b.rank === 2) {
      // One large product instead of a batch of small ones that are summed afterwards.
      const rows = (t: Tensor): Tensor => reshape(t, [sizeOf(t.shape.slice(0, -1)), t.shape.at(-1)!]);
      return [reshape(matmul(rows(g), transpose(b)), a.shape), matmul(transpose(rows(a)), rows(g))];
    }
    return [matmul(g, transpose(b)), matmul(transpose(a), g)];
  },
  lower(onnx, [a, b], { types, outputs }) {
    // The runtime leaves a product over an empty axis uninitialised on some devices: it is zero.
    if (types[0].shape.at(-1) === 0)
      return [
        onnx.node("Expand", [
          onnx.constant("float32", [], [0]),
          onnx.constant("int64", [outputs[0]!.shape.length], outputs[0]!.shape),
        ]),
      ];
    return [onnx.node("MatMul", [a, b])];
  },
  evaluate([a, b]) {
    const batch = broadcastShapes(
      "matmul",
      [a, b].map((t) => ({ dtype: "float32", shape: t.shape.slice(0, -2) })),
    );
    const [m, k] = a.shape.slice(-2) as [number, number];
    const n = b.shape.at(-1)!;
    const x = refBroadcast(a, [...batch, m, k]);
    const y = refBroadcast(b, [...batch, k, n]);
    const out = refArray([...batch, m, n]);
    eachIndex(batch, (_index, at) => {
      for (let i = 0; i < m; i++)
        for (let p = 0; p < k; p++) {
          const v = x.data[(at * m + i) * k + p]!;
          for (let j = 0; j < n; j++) out.data[(at * m + i) * n + j]! += v * y.data[(at * k + p) * n + j]!;
        }
    });
    return [out];
  },
  // Weight gradients of an unrolled network: sum_t a_t^T b_t is one product of the stacked a and b, which keeps the
  // engine at its matmul rate and spares a pass over the weights a step.
  mergeSum(terms) {
    const pairs = terms.map((term) => term.node.inputs as readonly [Tensor, Tensor]);
    const lefts = pairs.map(([a]) => transposeSource(a)).filter((source) => source !== null);
    const [first, right] = [lefts[0], pairs[0]![1]];
    if (
      !first ||
      lefts.length !== pairs.length ||
      !lefts.every((a, i) => sameShape(a.shape, first.shape) && sameShape(pairs[i]![1].shape, right.shape))
    )
      return null;
    const batch = first.shape.slice(0, -2);
    const [rows, k, n] = [first.shape.at(-2)!, first.shape.at(-1)!, right.shape.at(-1)!];
    // Stacking copies the operands; adding passes over the products. Take the cheaper.
    if (!sameShape(batch, right.shape.slice(0, -2)) || 2 * k * n < rows * (k + n)) return null;
    const axis = first.rank - 2;
    return matmul(
      transpose(concat(lefts, axis)),
      concat(
        pairs.map(([, b]) => b),
        axis,
      ),
    );
  },
  // sum_t a_t b_t is one product too: the a_t side by side, the b_t one below the other.
  sumOverSteps(term) {
    const [a, b] = term.node.inputs as readonly [Tensor, Tensor];
    const rows = transposeSource(a);
    return {
      operands: [rows ?? a, b],
      combine: ([x, y]) => matmul(rows ? transpose(joinSteps(x!, -2)) : joinSteps(x!, -1), joinSteps(y!, -2)),
    };
  },
  flops: ([a], [y]) => 2 * sizeOf(y!.shape) * a!.shape.at(-1)!,
};

/** Stacked tensors (T, ..., m, n) joined along the last axis (-1) or the one before it (-2). */
function joinSteps(x: Tensor, axis: -1 | -2): Tensor {
  const at = x.rank + axis;
  const perm = [...x.shape.keys()].slice(1);
  perm.splice(at - 1, 0, 0);
  const moved = at === 1 ? x : transpose(x, perm); // the steps just before the axis
  return reshape(
    moved,
    moved.shape.flatMap((n, i) => (i === at - 1 ? [] : i === at ? [n * x.shape[0]!] : [n])),
  );
}

/**
 * Matrix product: a (..., M, K), b (..., K, N) -> (..., M, N); the axes in front broadcast.
 *
 * @throws HeedError when the inner sizes differ, or an operand has fewer than 2 axes.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return applyOp(matmulOp, [a, b], {})[0]!;
}
