// Linear: an affine map of the last axis.

import { checkTensor } from "../core/op.ts";
import { add } from "../core/ops/binary.ts";
import { matmul } from "../core/ops/matmul.ts";
import { sizeOf } from "../core/dtype.ts";
import type { NdArray } from "../core/ndarray.ts";
import { reshape } from "../core/ops/movement.ts";
import type { Rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { checkParams, checkSizes } from "./checks.ts";

/** `T` is what a leaf is right now: an array, a graph node, a gradient, a checkpoint key. */
export type LinearParams<T> = { readonly weight: T; readonly bias?: T };

/** Sizes of a linear layer. */
export interface LinearConfig {
  readonly inSize: number;
  readonly outSize: number;
  /** Whether there is a bias. Default true. */
  readonly bias?: boolean;
}

/** weight (in, out), bias (out); both uniform in ±1/sqrt(in), as torch's `nn.Linear` begins. */
export function initLinear(config: LinearConfig, rng: Rng): LinearParams<NdArray> {
  checkSizes("initLinear", config, ["inSize", "outSize"]);
  const { inSize, outSize, bias = true } = config;
  const limit = 1 / Math.sqrt(inSize);
  const weight = rng.uniform([inSize, outSize], limit);
  return bias ? { weight, bias: rng.uniform([outSize], limit) } : { weight };
}

/** x (..., in) -> (..., out). torch's `nn.Linear.weight` is the transpose of `weight`. */
export function linear(params: LinearParams<Tensor>, x: Tensor): Tensor {
  checkParams("linear", params, ["weight"]);
  checkTensor("linear", "x", x);
  // Rows first: the runtime fuses a two-dimensional product with the addition of its bias.
  const rows = x.rank === 2 ? x : reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
  const y = matmul(rows, params.weight);
  const out = params.bias ? add(y, params.bias) : y;
  return x.rank === 2 ? out : reshape(out, [...x.shape.slice(0, -1), params.weight.shape[1]!]);
}
