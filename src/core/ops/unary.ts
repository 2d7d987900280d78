// Elementwise functions of one float32 tensor.

import { dtypeError } from "../errors.ts";
import { applyOp, type OnnxBuilder, type OpDef, type Target } from "../op.ts";
import { refArray } from "../reference.ts";
import { show, type Tensor } from "../tensor.ts";
import { add, div, mul, sub } from "./binary.ts";
import { fill } from "./source.ts";
import { cast } from "./select.ts";
import { less } from "./compare.ts";

type Unary = (x: Tensor) => Tensor;

interface UnaryRule {
  readonly name: string;
  readonly onnx: string | ((onnx: OnnxBuilder, x: string, target: Target) => string);
  readonly reference: (x: number) => number;
  /** d/dx times the output's gradient `g`; `y` is the output. */
  readonly vjp: (g: Tensor, x: Tensor, y: Tensor) => Tensor | null;
}

function unary(rule: UnaryRule): Unary {
  const op: OpDef<readonly [Tensor], Record<never, never>> = {
    name: rule.name,
    infer([x]) {
      if (x.dtype !== "float32") throw dtypeError(rule.name, "x must be float32", show(x), 'Use cast(x, "float32").');
      return [x];
    },
    vjp: ([g], [x], [y]) => [g ? rule.vjp(g, x, y!) : null],
    lower: (onnx, [x], { target }) => [
      typeof rule.onnx === "string" ? onnx.node(rule.onnx, [x]) : rule.onnx(onnx, x, target),
    ],
    evaluate: ([x]) => [refArray(x.shape, (i) => rule.reference(x.data[i]!))],
  };
  return (x) => applyOp(op, [x], {})[0]!;
}

/** -x. */
export const neg: Unary = unary({ name: "neg", onnx: "Neg", reference: (x) => -x, vjp: (g) => neg(g) });

/** e to the x. */
export const exp: Unary = unary({ name: "exp", onnx: "Exp", reference: Math.exp, vjp: (g, _x, y) => mul(g, y) });

/** Natural logarithm; -Infinity at 0, NaN below. */
export const log: Unary = unary({ name: "log", onnx: "Log", reference: Math.log, vjp: (g, x) => div(g, x) });

/** Square root; NaN below 0. */
export const sqrt: Unary = unary({
  name: "sqrt",
  onnx: "Sqrt",
  reference: Math.sqrt,
  vjp: (g, _x, y) => div(mul(g, 0.5), y),
});

/** 1 / x. */
export const reciprocal: Unary = unary({
  name: "reciprocal",
  onnx: "Reciprocal",
  reference: (x) => 1 / x,
  vjp: (g, _x, y) => neg(mul(g, mul(y, y))),
});

/** |x|; its gradient at 0 is 0. */
export const abs: Unary = unary({ name: "abs", onnx: "Abs", reference: Math.abs, vjp: (g, x) => mul(g, sign(x)) });

/** -1, 0 or 1; its gradient is 0. */
export const sign: Unary = unary({
  name: "sign",
  // WebGPU has no Sign kernel.
  onnx(onnx, x, target) {
    if (target.device !== "webgpu") return onnx.node("Sign", [x]);
    const zero = onnx.constant("float32", [], [0]);
    const positive = onnx.node("Where", [onnx.node("Greater", [x, zero]), onnx.constant("float32", [], [1]), zero]);
    return onnx.node("Where", [onnx.node("Less", [x, zero]), onnx.constant("float32", [], [-1]), positive]);
  },
  reference: Math.sign,
  vjp: () => null,
});

/** The largest integer not above x; its gradient is 0. */
export const floor: Unary = unary({ name: "floor", onnx: "Floor", reference: Math.floor, vjp: () => null });

/** Hyperbolic tangent. */
export const tanh: Unary = unary({
  name: "tanh",
  onnx: "Tanh",
  reference: Math.tanh,
  vjp: (g, _x, y) => mul(g, sub(1, mul(y, y))),
});

/** Logistic function 1 / (1 + e^-x). */
export const sigmoid: Unary = unary({
  name: "sigmoid",
  onnx: "Sigmoid",
  reference: (x) => 1 / (1 + Math.exp(-x)),
  vjp: (g, _x, y) => mul(g, sub(y, mul(y, y))),
});

/** max(x, 0); its gradient at 0 is 0. */
export const relu: Unary = unary({
  name: "relu",
  onnx: "Relu",
  reference: (x) => (x <= 0 ? 0 : x),
  // From the value alone, so that the argument need not be kept; a product, which the runtime does several times faster than a choice.
  vjp: (g, _x, y) => mul(g, cast(less(fill([], 0), y), "float32")),
});

/** Sine, x in radians. */
export const sin: Unary = unary({ name: "sin", onnx: "Sin", reference: Math.sin, vjp: (g, x) => mul(g, cos(x)) });

/** Cosine, x in radians. */
export const cos: Unary = unary({ name: "cos", onnx: "Cos", reference: Math.cos, vjp: (g, x) => neg(mul(g, sin(x))) });

/** Gauss error function 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x. */
export const erf: Unary = unary({
  name: "erf",
  onnx: "Erf",
  reference: erfReference,
  vjp: (g, x) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
});

/** log(1 + e^x), without overflow. */
export const softplus: Unary = unary({
  name: "softplus",
  onnx: "Softplus",
  reference: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  vjp: (g, x) => mul(g, sigmoid(x)),
});

/** x * x. */
export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/**
 * Gaussian error linear unit x Phi(x), the exact (erf) form. Source: Hendrycks and Gimpel 2016 (arXiv:1606.08415).
 *
 * An op of its own: one pass where its parts would be five, and the gradient, Phi(x) + x phi(x), needs the argument alone.
 */
export const gelu: Unary = unary({
  name: "gelu",
  onnx: "Gelu",
  reference: (x) => 0.5 * x * (1 + erfReference(x * Math.SQRT1_2)),
  vjp(g, x) {
    const below = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return mul(g, add(below, mul(x, density)));
  },
});

// Series below 3, continued fraction above: both converge to float64 accuracy there.
function erfReference(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a;
    let total = a;
    for (let n = 1; n < 200 && Math.abs(term) > 1e-18; n++) {
      term *= (-a * a) / n;
      total += term / (2 * n + 1);
    }
    return Math.sign(x) * ((2 / Math.sqrt(Math.PI)) * total);
  }
  let fraction = 0;
  for (let n = 120; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}
