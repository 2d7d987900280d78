// What the tests of objectives share: two sequences of three steps over four positions, as tensors and as plain numbers.

import type { NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { softmax } from "../../core/ops/softmax.ts";
import { constant } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import type { RefGiven } from "../selections/differences.cases.ts";
import type { AlignmentObjective, ObjectiveResult, PositionSteps } from "./contract.ts";
import type { marginal } from "./marginal.ts";

export const [B, U, S] = [2, 3, 4];
export const draw = rng(5);
export const normal = (...shape: number[]): RefGiven => ({
  shape,
  data: [...(draw.normal(shape, 1).data as Float32Array)],
});
export const bools = (rows: readonly (readonly number[])[]): RefGiven => ({
  shape: [rows.length, rows[0]!.length],
  data: rows.flat(),
  dtype: "bool",
});

export const scores = normal(B, U, S);
export const logits = normal(B, U, S);
export const posteriorScores = normal(B, U, S);
export const mask = bools([
  [1, 1, 1, 1],
  [1, 0, 1, 1],
]);
export const steps = bools([
  [1, 1, 1],
  [1, 1, 0],
]);
export const given = { scores, logits, posteriorScores, mask, steps };
export const evaluateAny = evaluate as never as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
export type Given = Readonly<Record<keyof typeof given, Tensor>>;

/** Distributions over the allowed positions; likelihoods of a two-symbol target. */
export function positions(t: Given): PositionSteps {
  const blocked = mul(constant([[[0, 0, 0, 0]], [[0, -1e4, 0, 0]]]), 1);
  const logP = (x: Tensor): Tensor => mul(add(mul(x, x), 0.2), -1);
  return {
    distributions: softmax(add(t.scores, blocked)),
    logLikelihoods: logP(t.logits),
    posteriors: softmax(add(t.posteriorScores, blocked)),
    mask: t.mask,
    steps: t.steps,
  };
}

/** The same numbers in plain JavaScript: [b][t][s]. */
export function plain(x: RefGiven): number[][][] {
  return Array.from({ length: B }, (_, b) =>
    Array.from({ length: U }, (_, t) => Array.from({ length: S }, (_, s) => x.data[(b * U + t) * S + s]!)),
  );
}
export const softmaxOf = (x: readonly number[], allowed: readonly number[]): number[] => {
  const e = x.map((v, s) => (allowed[s] ? Math.exp(v) : 0));
  return e.map((v) => v / e.reduce((a, b) => a + b, 0));
};
export const allowed = [
  [1, 1, 1, 1],
  [1, 0, 1, 1],
];
export const alpha = plain(scores).map((row, b) => row.map((x) => softmaxOf(x, allowed[b]!)));
export const q = plain(posteriorScores).map((row, b) => row.map((x) => softmaxOf(x, allowed[b]!)));
export const likelihood = plain(logits).map((row) => row.map((x) => x.map((v) => Math.exp(-(v * v + 0.2)))));
export const lengths = [3, 2];
export const N = 5;

/** Every alignment of `length` steps. */
export const alignments = (length: number): number[][] =>
  length === 0 ? [[]] : alignments(length - 1).flatMap((a) => Array.from({ length: S }, (_, s) => [...a, s]));
export const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export const lossOf = (objective: AlignmentObjective, t: Given): ObjectiveResult =>
  (objective as typeof marginal).loss({}, positions(t), {});
