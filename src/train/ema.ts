// Exponential moving average of parameters: what is evaluated and shipped, calmer than the last step.

import type { NdArray } from "../core/ndarray.ts";
import { add, mul, sub } from "../core/ops/binary.ts";
import type { Tensor } from "../core/tensor.ts";
import { unflatten, type Tree } from "../core/tree.ts";
import { alongside } from "./alongside.ts";

/** The share of the old average that is kept at a step (counted from 0): `decay`, but less at the start, so that the first weights are soon forgotten. */
export function emaDecay(decay: number, step: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}

/** average = keep average + (1 - keep) params, in place. */
export function emaHost(average: Tree<NdArray>, params: Tree<NdArray>, keep: number): void {
  for (const { leaf, others } of alongside<NdArray>("ema", average, params)) {
    const [a, p] = [leaf.data, others[0]!.data] as [Float32Array, Float32Array];
    for (let i = 0; i < a.length; i++) a[i] = a[i]! + (1 - keep) * (p[i]! - a[i]!);
  }
}

/** The same as a graph. */
export function ema(average: Tree<Tensor>, params: Tree<Tensor>, keep: Tensor): Tree<Tensor> {
  const next = alongside<Tensor>("ema", average, params).map(({ leaf: a, others: [p] }) =>
    add(a, mul(sub(1, keep), sub(p!, a))),
  );
  return unflatten(average as unknown, next) as Tree<Tensor>;
}
