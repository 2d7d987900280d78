// AdamW: Adam with weight decay apart from the gradient.

import { checkOptions, optionError } from "../../core/errors.ts";
import { zeros, type NdArray } from "../../core/ndarray.ts";
import { add, div, mul, sub } from "../../core/ops/binary.ts";
import { sqrt, tanh } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapLeaves, unflatten, type Tree } from "../../core/tree.ts";
import { alongside } from "../alongside.ts";
import type { Optimizer } from "./optimizer.ts";

/** Settings of `adamw`. */
export interface AdamWOptions {
  /** Decay of the mean of gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number;
  /** Added to the root of the second moment. Default 1e-8. */
  readonly epsilon?: number;
  /** Share of a weight taken away a step, times the rate. Default 0.01. */
  readonly weightDecay?: number;
  /** Whether the parameter at a dotted path decays. Default: all but biases (`bias`, `recurrentBias` and the like). A frozen parameter must not. */
  readonly decays?: (path: string) => boolean;
}

/**
 * AdamW. State: `mean` and `variance`, trees like the parameters.
 *
 * Source: Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2, with the rate also multiplying the decay (as torch does).
 */
export function adamw(options: AdamWOptions = {}): Optimizer {
  checkOptions("adamw", options, ["beta1", "beta2", "epsilon", "weightDecay", "decays"]);
  const {
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = 0.01,
    decays = (path) => !/(^|\.)bias$|Bias$/.test(path),
  } = options;
  for (const [name, beta] of Object.entries({ beta1, beta2 }))
    if (!(beta >= 0 && beta < 1)) throw optionError("adamw", `${name} must lie in 0 <= ${name} < 1`, String(beta));
  if (!(epsilon > 0)) throw optionError("adamw", "epsilon must be positive", String(epsilon));
  if (!(weightDecay >= 0)) throw optionError("adamw", "weightDecay must be >= 0", String(weightDecay));
  return {
    name: "adamw",
    init: (params) => {
      const blank = (): Tree<NdArray> => mapLeaves<NdArray, NdArray>(params, (p) => zeros(p.shape));
      return { mean: blank(), variance: blank() };
    },
    update(params, grads, state, { rate, time }) {
      const unbias1 = shareSeen(beta1, time);
      const unbias2 = shareSeen(beta2, time);
      const trees = [grads, state["mean"], state["variance"]];
      const next = alongside<Tensor>("adamw", params, ...trees).map(({ path, leaf: p, others }) => {
        const [g, mean, variance] = others as readonly [Tensor, Tensor, Tensor];
        const m = add(mul(mean, beta1), mul(g, 1 - beta1));
        const v = add(mul(variance, beta2), mul(mul(g, g), 1 - beta2));
        const step = div(div(m, unbias1), add(sqrt(div(v, unbias2)), epsilon));
        const kept = decays(path) && weightDecay > 0 ? mul(p, sub(1, mul(rate, weightDecay))) : p;
        return { p: sub(kept, mul(step, rate)), m, v };
      });
      const tree = (pick: (n: (typeof next)[number]) => Tensor): Tree<Tensor> =>
        unflatten(params, next.map(pick)) as Tree<Tensor>;
      return { params: tree((n) => n.p), state: { mean: tree((n) => n.m), variance: tree((n) => n.v) } };
    },
    updateHost(params, grads, state, { rate, time }, scale) {
      const step = rate / (1 - beta1 ** time);
      const root = 1 / Math.sqrt(1 - beta2 ** time);
      const trees = [grads, state["mean"], state["variance"]];
      for (const { path, leaf, others } of alongside<NdArray>("adamw", params, ...trees)) {
        const keep = decays(path) ? 1 - rate * weightDecay : 1;
        const [p, g, m, v] = [leaf, ...others].map((a) => a.data as Float32Array) as [
          Float32Array,
          Float32Array,
          Float32Array,
          Float32Array,
        ];
        oneArray(p, g, m, v, keep, step, root, scale);
      }
    },
  };

  // Four arrays, one pass: the loop is bound by memory, so everything is done while the line is in the cache.
  function oneArray(
    p: Float32Array,
    g: Float32Array,
    m: Float32Array,
    v: Float32Array,
    keep: number,
    step: number,
    root: number,
    scale: number,
  ): void {
    for (let i = 0; i < p.length; i++) {
      const grad = g[i]! * scale;
      const mean = m[i]! * beta1 + grad * (1 - beta1);
      const variance = v[i]! * beta2 + grad * grad * (1 - beta2);
      m[i] = mean;
      v[i] = variance;
      p[i] = p[i]! * keep - (step * mean) / (Math.sqrt(variance) * root + epsilon);
    }
  }
}

/**
 * 1 - beta^time, how much of its weight a mean from zero has seen. With u = tanh(-time ln(beta) / 2) it is 2u / (1 + u):
 * the plain form loses half of float32's digits to cancellation at the first steps, where beta^time is nearly 1.
 */
function shareSeen(beta: number, time: Tensor): Tensor {
  const u = tanh(mul(time, -Math.log(beta) / 2));
  return div(mul(u, 2), add(u, 1));
}
