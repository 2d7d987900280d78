// What an optimiser is: a pure pair of init and update over trees, in graph form, and a twin on the host.

import type { NdArray } from "../../core/ndarray.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";

/** What changes from step to step; scalars, so that one compiled graph serves every step. */
export interface StepNumbers<T> {
  /** Learning rate. */
  readonly rate: T;
  /** Steps done before this one, plus 1. */
  readonly time: T;
}

/** An optimiser. The state is a tree of trees like the parameters. */
export interface Optimizer {
  readonly name: string;
  /** The state before the first step, as arrays. */
  init(params: Tree<NdArray>): { readonly [slot: string]: Tree<NdArray> };
  /** One update as a graph: pure, for every device. */
  update(
    params: Tree<Tensor>,
    grads: Tree<Tensor>,
    state: { readonly [slot: string]: Tree<Tensor> },
    numbers: StepNumbers<Tensor>,
  ): { readonly params: Tree<Tensor>; readonly state: { readonly [slot: string]: Tree<Tensor> } };
  /**
   * The same update in place on the host: on the CPU it spares copying the state out of the runtime at every step.
   * `scale` multiplies the gradients first (clipping).
   */
  updateHost(
    params: Tree<NdArray>,
    grads: Tree<NdArray>,
    state: { readonly [slot: string]: Tree<NdArray> },
    numbers: StepNumbers<number>,
    scale: number,
  ): void;
}
