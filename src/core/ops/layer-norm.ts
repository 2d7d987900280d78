// Layer normalisation over the last axis, with its inverse standard deviation kept for the gradient.

import { dtypeError, optionError, shapeError } from "../errors.ts";
import { sizeOf } from "../dtype.ts";
import { applyOp, type OpDef } from "../op.ts";
import { refArray } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { add, mul, sub } from "./binary.ts";
import { matmul } from "./matmul.ts";
import { broadcastTo, reshape } from "./movement.ts";
import { sum } from "./reduce.ts";
import { square } from "./unary.ts";

type NormAttrs = { readonly epsilon: number };

const layerNormOp: OpDef<readonly [Tensor, Tensor, Tensor], NormAttrs> = {
  name: "layerNorm",
  infer([x, scale, bias]) {
    if ([x, scale, bias].some((t) => t.dtype !== "float32"))
      throw dtypeError("layerNorm", "x, scale and bias must be float32", [x, scale, bias].map(show).join(", "));
    const size = x.shape.at(-1);
    if (!size || scale.rank !== 1 || bias.rank !== 1 || scale.shape[0] !== size || bias.shape[0] !== size)
      throw shapeError(
        "layerNorm",
        "x (..., N) with N > 0, scale (N) and bias (N) are required",
        [x, scale, bias].map(show).join(", "),
      );
    const kept = { dtype: "float32", shape: [...x.shape.slice(0, -1), 1] } as const;
    return [x, kept, kept];
  },
  // With n = (x - mean) r and h = g scale:  dx = r (h - mean(h) - n mean(h n)). The two means over a row are products with
  // scale / N of g and of g n, which the gradient of scale needs too.
  // The statistics have gradients too, so that the rule can be differentiated again: d mean = 1/N, d r = -r^2 n / N.
  vjp([g, gMean, gInverse], [x, scale], [, average, inverse]) {
    const size = x.shape.at(-1)!;
    const normal = mul(sub(x, average!), inverse!);
    const weighed = g && mul(g, normal);
    const rows = (t: Tensor): Tensor => reshape(t, [sizeOf(t.shape.slice(0, -1)), size]);
    const parts: Tensor[] = [];
    if (g) {
      const shares = reshape(mul(scale, 1 / size), [size, 1]);
      const meanOf = (t: Tensor): Tensor => reshape(matmul(rows(t), shares), inverse!.shape);
      const centred = sub(sub(mul(g, scale), meanOf(g)), mul(normal, meanOf(weighed!)));
      parts.push(mul(centred, inverse!));
    }
    if (gMean) parts.push(mul(gMean, 1 / size));
    if (gInverse) parts.push(mul(normal, mul(gInverse, mul(square(inverse!), -1 / size))));
    const dx = parts.length === 0 ? null : broadcastTo(parts.reduce(add), x.shape);
    return g ? [dx, sum(rows(weighed!), 0), sum(rows(g), 0)] : [dx, null, null];
  },
  lower: (onnx, names, { attrs }) =>
    onnx.nodes("LayerNormalization", names, { axis: { int: -1 }, epsilon: { float: attrs.epsilon } }, { outputs: 3 }),
  evaluate([x, scale, bias], { epsilon }) {
    const n = x.shape.at(-1)!;
    const lines = x.data.length / n;
    const out = refArray(x.shape);
    const averages = refArray([...x.shape.slice(0, -1), 1]);
    const inverses = refArray(averages.shape);
    for (let line = 0; line < lines; line++) {
      const row = x.data.subarray(line * n, (line + 1) * n);
      const average = row.reduce((a, b) => a + b, 0) / n;
      const variance = row.reduce((a, b) => a + (b - average) ** 2, 0) / n;
      const inverse = 1 / Math.sqrt(variance + epsilon);
      row.forEach((v, i) => (out.data[line * n + i] = (v - average) * inverse * scale.data[i]! + bias.data[i]!));
      averages.data[line] = average;
      inverses.data[line] = inverse;
    }
    return [out, averages, inverses];
  },
  flops: ([x]) => 8 * sizeOf(x!.shape),
};

/**
 * (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis; x (..., N), scale (N), bias (N).
 *
 * @param epsilon - default 1e-5, as in torch; BERT uses 1e-12.
 * Source: Ba, Kiros and Hinton 2016 (arXiv:1607.06450), eq. 3-4.
 */
export function layerNorm(x: Tensor, scale: Tensor, bias: Tensor, epsilon = 1e-5): Tensor {
  if (!(epsilon >= 0)) throw optionError("layerNorm", "epsilon must be >= 0", String(epsilon));
  return applyOp(layerNormOp, [x, scale, bias], { epsilon })[0]!;
}
