// A small model of two layers of self-attention, for tests.

import { NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { reshape } from "../../core/ops/movement.ts";
import { rng } from "../../core/random.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { linear } from "../../nn/linear.ts";
import type { Mask } from "../masks/mask.ts";
import { multiHead } from "../multi-head/multi-head.ts";
import { initMultiHead, type MultiHeadParams } from "../multi-head/params.ts";

/** Batch, positions, model size, heads, size of a head. */
export const [B, T, N, H, E] = [2, 5, 6, 3, 2] as const;

const config = { querySize: N, headCount: H, headSize: E };
const draw = rng(11);

/** Parameters of the layers, the lowest first. */
export const layerParams: readonly MultiHeadParams<NdArray>[] = [0, 1].map(() => initMultiHead(config, draw));
/** float32 (B, T, N). */
export const inputs: NdArray = draw.normal([B, T, N], 1);
/** The names of its attentions. */
export const siteNames: readonly string[] = ["layer.0.attention", "layer.1.attention"];

/** Outputs (B, T, N), with the inputs (B, T, N) of each layer and its values (B, T, H, E). */
export function model(
  params: readonly MultiHeadParams<Tensor>[],
  x: Tensor,
  mask?: Mask,
): { readonly output: Tensor; readonly values: readonly Tensor[] } {
  const values: Tensor[] = [];
  const output = params.reduce((below, layer, i) => {
    values.push(reshape(linear(layer.value, below), [below.shape[0]!, below.shape[1]!, H, E]));
    const attended = scope(`layer.${i}`, () => multiHead(layer, config, { query: below, ...(mask ? { mask } : {}) }));
    return add(below, attended.output);
  }, x);
  return { output, values };
}

/** A float32 array from its elements. */
export function floats(shape: readonly number[], data: readonly number[]): NdArray {
  return new NdArray("float32", shape, Float32Array.from(data));
}

/** Elements of a float32 array. */
export const elements = (a: NdArray): number[] => [...(a.data as Float32Array)];

/** Rows (B, H, T, S) that sum to 1, drawn. */
export function drawnWeights(shape: readonly [number, number, number, number], seed: number): NdArray {
  const S = shape[3];
  const data = (rng(seed).normal(shape, 1).data as Float32Array).map(Math.exp);
  return new NdArray("float32", shape, data.map((w, i) => w / data.subarray(i - (i % S), i - (i % S) + S).reduce((a, b) => a + b, 0))); // prettier-ignore
}

/** The same weights with their heads in reverse order. */
export function headsReversed(weights: NdArray): NdArray {
  const [b, h, t, s] = weights.shape as readonly [number, number, number, number];
  const size = t * s;
  const data = weights.data as Float32Array;
  const order = Array.from({ length: b * h }, (_, i) => Math.floor(i / h) * h + (h - 1 - (i % h)));
  return floats([b, h, t, s], order.flatMap((i) => [...data.subarray(i * size, (i + 1) * size)])); // prettier-ignore
}
