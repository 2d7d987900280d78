// AdamW: Adam with weight decay apart from the gradient.

import { checkOptions, optionError } from "../../core/errors.ts";
import { zeros, type NdArray } from "../../core/ndarray.ts";
import { add, div, mul, sub } from "../../core/ops/binary.ts";
import { pow } from "../../core/ops/pow.ts";
import { sqrt } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, mapLeaves, unflatten, type Tree } from "../../core/tree.ts";
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
  /** Whether the parameter at a dotted path decays. Default: all but biases. */
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
    decays = (path) => !/(^|\.)bias$/.test(path),
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
      const gs = leaves<Tensor>(grads).map(([, g]) => g);
      const ms = leaves<Tensor>(state["mean"]).map(([, m]) => m);
      const vs = leaves<Tensor>(state["variance"]).map(([, v]) => v);
      const unbias1 = sub(1, pow(beta1, time));
      const unbias2 = sub(1, pow(beta2, time));
      const next = leaves<Tensor>(params).map(([path, p], i) => {
        const m = add(mul(ms[i]!, beta1), mul(gs[i]!, 1 - beta1));
        const v = add(mul(vs[i]!, beta2), mul(mul(gs[i]!, gs[i]!), 1 - beta2));
        const step = div(div(m, unbias1), add(sqrt(div(v, unbias2)), epsilon));
        const kept = decays(path) && weightDecay > 0 ? mul(p, sub(1, mul(rate, weightDecay))) : p;
        return { p: sub(kept, mul(step, rate)), m, v };
      });
      const tree = (pick: (n: (typeof next)[number]) => Tensor): Tree<Tensor> =>
        unflatten(params, next.map(pick)) as Tree<Tensor>;
      return { params: tree((n) => n.p), state: { mean: tree((n) => n.m), variance: tree((n) => n.v) } };
    },
    updateHost(params, grads, state, { rate, time }, scale) {
      const ms = leaves<NdArray>(state["mean"]);
      const vs = leaves<NdArray>(state["variance"]);
      const gs = leaves<NdArray>(grads);
      const step = rate / (1 - beta1 ** time);
      const root = 1 / Math.sqrt(1 - beta2 ** time);
      leaves<NdArray>(params).forEach(([path, array], i) => {
        const keep = decays(path) ? 1 - rate * weightDecay : 1;
        oneArray(
          array.data as Float32Array,
          gs[i]![1].data as Float32Array,
          ms[i]![1].data as Float32Array,
          vs[i]![1].data as Float32Array,
          keep,
          step,
          root,
          scale,
        );
      });
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
