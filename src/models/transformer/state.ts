// The steps so far on the host: keys and values in arrays of fixed capacity, of which a step computes the newest alone.
// Axes: B rows, C capacity, H heads, D head size.

import type { HeadMemory } from "../../attention/multi-head/heads.ts";
import { NdArray, zeros } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { gather } from "../../core/ops/gather.ts";
import { reshape } from "../../core/ops/movement.ts";
import { iota } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { TransformerLayerConfig } from "./config.ts";

/**
 * The keys and values of the steps so far: a plain tree with the batch on axis 0 of every leaf, so that searches reorder it.
 * The capacity is part of the signature of a compiled step, and the number of steps is not: one graph serves many steps.
 */
export type StepState<T> = {
  /** For each layer, (B, C, H, D). */
  readonly layers: readonly HeadMemory<T>[];
  /** int32 (B): how many slots are filled. */
  readonly length: T;
};

/** A state without steps. @param capacity - the most steps of a row. */
export function emptyState(
  config: TransformerLayerConfig,
  layerCount: number,
  { rows, capacity }: { readonly rows: number; readonly capacity: number },
): StepState<NdArray> {
  const { modelSize, headCount } = config;
  const blank = (): NdArray => zeros([rows, capacity, headCount, modelSize / headCount]);
  return {
    layers: Array.from({ length: layerCount }, () => ({ keys: blank(), values: blank() })),
    length: zeros([rows], "int32"),
  };
}

/** How many slots a state has. */
export function capacityOf<T extends { readonly shape: readonly number[] }>({ layers }: StepState<T>): number {
  return layers[0]!.keys.shape[1]!;
}

/** The heads of the newest step of every row, (B, H, D): what a compiled step hands back rather than whole caches. */
export function newestStep({ layers, length }: StepState<Tensor>): readonly HeadMemory<Tensor>[] {
  const [B, C] = layers[0]!.keys.shape as readonly [number, number];
  // Slots of all rows one below the other; the length counts the newest step already.
  const slot = add(add(mul(iota(B), C), length), -1); // (B)
  const rows = (x: Tensor): Tensor => gather(reshape(x, [B * C, ...x.shape.slice(2)]), slot); // (B, H, D)
  return layers.map(({ keys, values }) => ({ keys: rows(keys), values: rows(values) }));
}

/** The state with one more step, written into its own arrays: the state that was given is used up. */
export function appendStep(state: StepState<NdArray>, newest: readonly HeadMemory<NdArray>[]): StepState<NdArray> {
  const lengths = state.length.data as Int32Array;
  const write = (into: NdArray, from: NdArray): void => {
    const [rows, capacity] = into.shape as readonly [number, number];
    const width = from.size / rows;
    for (let b = 0; b < rows; b++) {
      const row = (from.data as Float32Array).subarray(b * width, (b + 1) * width);
      (into.data as Float32Array).set(row, (b * capacity + lengths[b]!) * width);
    }
  };
  state.layers.forEach(({ keys, values }, i) => {
    write(keys, newest[i]!.keys);
    write(values, newest[i]!.values);
  });
  return { layers: state.layers, length: new NdArray("int32", state.length.shape, lengths.map((n) => n + 1)) }; // prettier-ignore
}

/** The capacity for some steps: a power of two from 16 on, so that few graphs are compiled; at most `most`. */
export function roundedCapacity(steps: number, most: number = Infinity): number {
  return Math.min(most, 2 ** Math.max(4, Math.ceil(Math.log2(steps))));
}

/** The state with room for one more step in every row: itself, or with arrays of the next capacity. */
export function withRoom(state: StepState<NdArray>, most?: number): StepState<NdArray> {
  const needed = Math.max(...(state.length.data as Int32Array)) + 1;
  if (needed <= capacityOf(state)) return state;
  const capacity = roundedCapacity(needed, most);
  const grown = (a: NdArray): NdArray => {
    const [rows, before, ...rest] = a.shape as readonly [number, number, number, number];
    const out = zeros([rows, capacity, ...rest]);
    const width = a.size / rows;
    for (let b = 0; b < rows; b++) {
      const row = (a.data as Float32Array).subarray(b * width, (b + 1) * width);
      (out.data as Float32Array).set(row, (b * width * capacity) / before);
    }
    return out;
  };
  return { ...state, layers: state.layers.map(({ keys, values }) => ({ keys: grown(keys), values: grown(values) })) };
}
