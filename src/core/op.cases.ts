// What a case of the op suite is, and seeded values for its inputs. One `ops/FILE.cases.ts` stands beside each op file.

import { sizeOf, type DType, type TypedArray } from "./dtype.ts";
import { drawInto } from "./random.ts";
import type { Tensor } from "./tensor.ts";

/** The values of one input. */
export interface Sample {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** One application of an op to given values. */
export interface OpCase {
  /** Name of the op under test; its node must be in the graph. */
  readonly op: string;
  /** What is special here; unique among the op's cases. */
  readonly name: string;
  readonly inputs: readonly Sample[];
  readonly apply: (...inputs: readonly Tensor[]) => Tensor | readonly Tensor[];
  /** The elements of each output, from a formula other than the op's own reference. */
  readonly expected?: readonly (readonly number[])[];
  /** Whether the gradients are checked against differences. Default true; false at kinks and ties. */
  readonly smooth?: boolean;
  /** Largest error on a device as a fraction of the largest reference value. Default 1e-5. */
  readonly tolerance?: number;
}

/** A bad call and the message that it gets. */
export interface Refusal {
  readonly op: string;
  readonly name: string;
  readonly apply: () => unknown;
  readonly message: string;
}

/** All that one op file gives to the suite. */
export interface OpCases {
  readonly cases: readonly OpCase[];
  readonly refusals: readonly Refusal[];
}

/** Makes the cases of one op. */
export function caseOf(
  op: string,
): (
  name: string,
  inputs: readonly Sample[],
  apply: OpCase["apply"],
  more?: Pick<OpCase, "expected" | "smooth" | "tolerance">,
) => OpCase {
  return (name, inputs, apply, more = {}) => ({ op, name, inputs, apply, ...more });
}

/** Makes the refusals of one op. */
export function refusalOf(op: string): (name: string, apply: () => unknown, message: string) => Refusal {
  return (name, apply, message) => ({ op, name, apply, message });
}

/** A shape as it appears in a name. */
export function shown(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}

/** Where random float32 values lie. */
export interface Range {
  readonly from?: number;
  readonly to?: number;
  /** Points of which the values keep a distance of 0.05, for functions with kinks. */
  readonly avoid?: readonly number[];
}

function draw(shape: readonly number[], seed: number): Float32Array {
  const out = new Float32Array(sizeOf(shape));
  drawInto(out, Int32Array.of(20190811, shape.length), seed, { type: "uniform" });
  return out;
}

/** float32 values, uniform in a range (default -2 to 2). */
export function floats(shape: readonly number[], seed = 0, { from = -2, to = 2, avoid = [] }: Range = {}): Sample {
  const data = draw(shape, seed).map((u) => {
    const x = from + (to - from) * u;
    const near = avoid.find((kink) => Math.abs(x - kink) < 0.05);
    return near === undefined ? x : near + (x < near ? -0.05 : 0.05);
  });
  return { dtype: "float32", shape, data };
}

/** float32 values that all differ by at least 0.1, in random order around 0. */
export function distinct(shape: readonly number[], seed = 0): Sample {
  const keys = draw(shape, seed);
  const order = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]!);
  const data = new Float32Array(keys.length);
  order.forEach((at, rank) => (data[at] = (rank - keys.length / 2) * 0.1 + 0.03));
  return { dtype: "float32", shape, data };
}

/** int32 values from `from` to `to - 1`. */
export function ints(shape: readonly number[], from: number, to: number, seed = 0): Sample {
  const data = Int32Array.from(draw(shape, seed), (u) => Math.min(to - 1, from + Math.floor((to - from) * u)));
  return { dtype: "int32", shape, data };
}

/** bool values. */
export function bools(shape: readonly number[], seed = 0): Sample {
  return { dtype: "bool", shape, data: Uint8Array.from(draw(shape, seed), (u) => Number(u < 0.5)) };
}

/** Given float32 values. */
export function given(shape: readonly number[], data: readonly number[]): Sample {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

/** Given int32 values. */
export function givenInts(shape: readonly number[], data: readonly number[]): Sample {
  return { dtype: "int32", shape, data: Int32Array.from(data) };
}

/** The shapes that every elementwise op of one tensor must take. */
export const oneShapes: readonly (readonly number[])[] = [[5], [2, 3, 4], [], [1, 1], [0], [2, 0, 3]];

/** The pairs of shapes that every elementwise op of two tensors must take. */
export const pairShapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [[], [2, 3]],
  [[4], []],
  [[], []],
  [[1, 1], [1]],
  [
    [0, 3],
    [1, 3],
  ],
  [[2, 0, 1], [3]],
];
