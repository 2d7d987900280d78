// Stochastic gradient descent with momentum.

import { checkOptions, optionError } from "../../core/errors.ts";
import { zeros, type NdArray } from "../../core/ndarray.ts";
import { add, mul, sub } from "../../core/ops/binary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapLeaves, unflatten, type Tree } from "../../core/tree.ts";
import { alongside } from "../alongside.ts";
import type { Optimizer } from "./optimizer.ts";

/** Settings of `sgd`. */
export interface SgdOptions {
  /** Share of the last step's velocity that is kept. Default 0. */
  readonly momentum?: number;
  /** Nesterov's form: the gradient is taken as if the velocity had already been applied. Default false. */
  readonly nesterov?: boolean;
}

/** v = momentum v + g;  p = p - rate v (Nesterov: p - rate (g + momentum v)), as torch defines them. State: `velocity`. */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions("sgd", options, ["momentum", "nesterov"]);
  const { momentum = 0, nesterov = false } = options;
  if (!(momentum >= 0 && momentum < 1))
    throw optionError("sgd", "momentum must lie in 0 <= momentum < 1", String(momentum));
  if (nesterov && momentum === 0) throw optionError("sgd", "nesterov needs a momentum above 0", "0");
  return {
    name: "sgd",
    init: (params) => ({ velocity: mapLeaves<NdArray, NdArray>(params, (p) => zeros(p.shape)) }),
    update(params, grads, state, { rate }) {
      const next = alongside<Tensor>("sgd", params, grads, state["velocity"]).map(({ leaf: p, others }) => {
        const [g, before] = others as readonly [Tensor, Tensor];
        const v = add(mul(before, momentum), g);
        return { p: sub(p, mul(nesterov ? add(g, mul(v, momentum)) : v, rate)), v };
      });
      return {
        params: unflatten(
          params,
          next.map((n) => n.p),
        ) as Tree<Tensor>,
        state: {
          velocity: unflatten(
            params,
            next.map((n) => n.v),
          ) as Tree<Tensor>,
        },
      };
    },
    updateHost(params, grads, state, { rate }, scale) {
      for (const { leaf, others } of alongside<NdArray>("sgd", params, grads, state["velocity"])) {
        const [p, g, v] = [leaf, ...others].map((a) => a.data) as [Float32Array, Float32Array, Float32Array];
        for (let i = 0; i < p.length; i++) {
          const grad = g[i]! * scale;
          const velocity = v[i]! * momentum + grad;
          v[i] = velocity;
          p[i] = p[i]! - rate * (nesterov ? grad + momentum * velocity : velocity);
        }
      }
    },
  };
}
