// Weights as arrays of the host: what is required of them, and how their axes are checked.

import { dtypeError, inputError, optionError, shapeError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { stridesOf } from "../../core/reference.ts";
import { sameShape } from "../../core/tensor.ts";
import type { MaskSizes } from "../masks/mask.ts";

/** Elements of weights (B, H, T, S) in row-major order, and their sizes. */
export interface HostWeights {
  readonly data: Float32Array;
  readonly sizes: MaskSizes;
}

/** The elements of a float32 array of the host with the axes that `axes` names, as in `B H T S`. */
export function hostFloats(where: string, name: string, given: NdArray, axes: string): Float32Array {
  if (!(given instanceof NdArray)) throw inputError(where, `${name} must be an NdArray (${axes})`, kindOf(given));
  if (given.dtype !== "float32") throw dtypeError(where, `${name} must be float32`, String(given));
  const count = axes.split(" ").length;
  if (given.shape.length !== count)
    throw shapeError(where, `${name} must have the axes (${axes})`, String(given), hintFor(given, axes));
  return given.data as Float32Array;
}

function hintFor({ shape }: NdArray, axes: string): string | undefined {
  return axes === weightAxes && shape.length === 5
    ? "Weights of a loop have a first axis for its steps: weightsOfSteps puts it in the place of the queries."
    : undefined;
}

const weightAxes = "B H T S";

/** Weights (B, H, T, S) of at least one head, as `observe` gives them by site. */
export function hostWeights(where: string, name: string, weights: NdArray): HostWeights {
  const data = hostFloats(where, name, weights, weightAxes);
  const [batchSize, headCount, queryLength, keyLength] = weights.shape as readonly [number, number, number, number];
  if (headCount === 0) throw shapeError(where, `${name} must have at least one head`, String(weights));
  return { data, sizes: { batchSize, headCount, queryLength, keyLength } };
}

/** Refuses an array whose shape is not that of another. */
export function checkSameShape(where: string, [name, given]: Named, [otherName, other]: Named): void {
  if (!sameShape(given.shape, other.shape))
    throw shapeError(where, `${name} must have the shape of ${otherName}`, `${String(given)} and ${String(other)}`);
}

type Named = readonly [name: string, given: NdArray];

/** Weights (B, H, T, T) of layers of self-attention, the lowest first; their heads may differ in number. */
export function hostLayers(where: string, layers: readonly NdArray[]): readonly HostWeights[] {
  if (!Array.isArray(layers))
    throw inputError(where, "the layers must be a list of weights (B, H, T, T)", kindOf(layers));
  if (layers.length === 0) throw inputError(where, "there must be at least one layer", "none");
  return layers.map((layer: NdArray, i) => {
    const host = hostWeights(where, `layer ${i}`, layer);
    const { batchSize, queryLength, keyLength } = host.sizes;
    if (queryLength !== keyLength)
      throw shapeError(where, `layer ${i} must be of self-attention, with as many queries as keys`, String(layer));
    const first = layers[0]!;
    if (first.shape[0] !== batchSize || first.shape[2] !== queryLength)
      throw shapeError(
        where,
        "layers must agree in B and T",
        `layer 0 ${String(first)} and layer ${i} ${String(layer)}`,
      );
    return host;
  });
}

/** Whether a pair of weights (B, H, T, S), by its flat index, may meet. */
export type Allowed = (flat: number) => boolean;

/** A mask of the host, bool with four axes that broadcast to the weights (B, H, T, S); true = allowed. */
export function hostMask(where: string, allowed: NdArray | undefined, weights: NdArray): Allowed {
  if (allowed === undefined) return () => true;
  if (!(allowed instanceof NdArray))
    throw inputError(where, "allowed must be an NdArray, bool (B, H, T, S)", kindOf(allowed));
  if (allowed.dtype !== "bool") throw dtypeError(where, "allowed must be bool", String(allowed));
  const shape = weights.shape;
  const fits = allowed.shape.length === 4 && allowed.shape.every((n, i) => n === 1 || n === shape[i]);
  if (!fits)
    throw shapeError(
      where,
      "allowed must have four axes that broadcast to the weights",
      `${String(allowed)} and ${String(weights)}`,
    );
  const own = stridesOf(allowed.shape);
  const whole = stridesOf(shape);
  const data = allowed.data;
  return (flat) => {
    let offset = 0;
    for (let axis = 0; axis < 4; axis++)
      if (allowed.shape[axis] !== 1) offset += (Math.floor(flat / whole[axis]!) % shape[axis]!) * own[axis]!;
    return data[offset] !== 0;
  };
}

/** A length for each row of the batch, each from 0 to `most`. Default: `most` for all. */
export function hostLengths(
  where: string,
  name: string,
  lengths: readonly number[] | undefined,
  batchSize: number,
  most: number,
): readonly number[] {
  if (lengths === undefined) return Array.from({ length: batchSize }, () => most);
  if (!Array.isArray(lengths)) throw optionError(where, `${name} must be a list of lengths`, kindOf(lengths));
  if (lengths.length !== batchSize)
    throw optionError(where, `${name} must hold a length for each of ${batchSize} rows`, `${lengths.length}`);
  const bad = lengths.findIndex((n: unknown) => !isIndex(n, most + 1));
  if (bad >= 0) throw optionError(where, `${name} must be integers from 0 to ${most}`, String(lengths[bad]));
  return lengths as readonly number[];
}

/** Whether a value is an integer from 0 to below `count`. */
export function isIndex(value: unknown, count: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < count;
}

/** A float32 array of `shape`, each element from its flat index. */
export function fromIndex(shape: readonly number[], of: (flat: number) => number): NdArray {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < data.length; i++) data[i] = of(i);
  return new NdArray("float32", shape, data);
}
