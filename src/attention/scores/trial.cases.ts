// Trials of attention cells: several steps over one memory, on the float64 reference and on the native CPU, with all
// gradients, and the changes of a memory under which a cell promises something.

import { expect } from "vitest";
import { expectClose, largestError } from "../../../test/close.ts";
import { onReference } from "../../../test/golden.ts";
import { gradients } from "../../core/grad.ts";
import { NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import { leaves, mapTree } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import { attend, initAttention, prepareMemory } from "../attend.ts";
import type { AttentionCell, CellParams } from "../contract.ts";
import { softmaxNormalizer } from "../normalizers/softmax.ts";
import { soft } from "../selections/soft.ts";

/** Sizes of every trial: of query and keys too, so that scores without a projection fit. */
export const [B, S, D, V] = [3, 5, 4, 3];

/** What a cell is given: `query0`, `query1`, ... (B, D), `keys` (B, S, D), `values` (B, S, V), and perhaps `mask` (B, S). */
export type Given = Readonly<Record<string, NdArray>>;

/** Results by name: `context0`, `weights0`, ..., and `gradient of` query0, keys, values and each parameter. */
export type Results = Readonly<Record<string, ArrayLike<number>>>;

/** A score, and perhaps a window, as a complete cell: softmax, and all of it selected. */
export function cellOf(stages: Pick<AttentionCell, "score" | "window">): AttentionCell {
  return { ...stages, normalizer: softmaxNormalizer, selection: soft };
}

/** Parameters of a cell, and what it is given for some steps. Without `masked` every position may be attended to. */
export function drawTrial(
  cell: AttentionCell,
  steps: number,
  masked: boolean,
): { readonly params: CellParams<NdArray>; readonly given: Given } {
  const draw = rng(3);
  const queries = Array.from({ length: steps }, (_, t) => [`query${t}`, draw.normal([B, D], 1)] as const);
  return {
    params: initAttention(cell, { querySize: D, keySize: D, alignmentSize: 6 }, rng(4)),
    given: {
      ...Object.fromEntries(queries),
      keys: draw.normal([B, S, D], 1),
      values: draw.normal([B, S, V], 1),
      ...(masked ? { mask } : {}),
    },
  };
}

/** A whole row, a row with padding at the end and a hole, and a short one. */
export const mask: NdArray = maskOf([1, 1, 1, 1, 1], [1, 0, 1, 1, 0], [1, 1, 0, 0, 0]);

/** A mask by rows, 1 where a position may be attended to. */
export function maskOf(...rows: readonly (readonly number[])[]): NdArray {
  return new NdArray("bool", [rows.length, rows[0]!.length], Uint8Array.from(rows.flat()));
}

const floats = ({ data }: NdArray): Float32Array => data as Float32Array;

/** Context and weights of every step for which there is a query. */
export function attendSteps(
  cell: AttentionCell,
  params: CellParams<Tensor>,
  given: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const { keys, values, mask: allowed } = given;
  const memory = prepareMemory(cell, params, { keys: keys!, values: values!, mask: allowed ?? null });
  const outputs: Record<string, Tensor> = {};
  let state: Tree<Tensor> | undefined;
  for (let t = 0; given[`query${t}`]; t++) {
    const seen = attend(cell, params, memory, given[`query${t}`]!, state ? { state } : {});
    outputs[`context${t}`] = seen.context;
    outputs[`weights${t}`] = seen.weights;
    state = seen.state;
  }
  return outputs;
}

/** Outputs of all steps, and a weighted sum of them as a loss. */
function withLoss(
  cell: AttentionCell,
  params: unknown,
  given: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const outputs = attendSteps(cell, params as CellParams<Tensor>, given);
  const seeds = rng(9);
  const parts = Object.values(outputs).map((t) => sum(mul(t, constant(seeds.normal(t.shape, 1)))));
  return { ...outputs, loss: parts.reduce((a, b) => add(a, b)) };
}

/** Outputs, and the gradients of the loss with respect to every parameter and every input but the mask. */
function withGradients(
  cell: AttentionCell,
  params: unknown,
  given: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const outputs = withLoss(cell, params, given);
  const wanted = [...leaves<Tensor>(params), ...leaves<Tensor>(given).filter(([, t]) => t.dtype === "float32")];
  const grads = gradients(
    outputs["loss"]!,
    wanted.map(([, t]) => t),
  );
  return { ...outputs, ...Object.fromEntries(grads.map((g, i) => [`gradient of ${wanted[i]![0]}`, g])) };
}

/** A cell compiled for the native CPU, for several runs. */
export interface Runner {
  run(params: CellParams<NdArray>, given: Given): Promise<Results>;
  dispose(): Promise<void>;
}

/** Compiles a cell; each signature of what it is given once. */
export function runnerOf(cell: AttentionCell): Runner {
  const traced = (p: never, given: never): Record<string, Tensor> => withGradients(cell, p, given);
  const compiled = compile(traced, { device: "cpu", threads: 1, name: "trial" });
  const call = compiled as unknown as (...args: readonly unknown[]) => Promise<Readonly<Record<string, NdArray>>>;
  return {
    async run(params, given) {
      return Object.fromEntries(Object.entries(await call(params, given)).map(([name, a]) => [name, floats(a)]));
    },
    dispose: () => compiled.dispose(),
  };
}

/** Fails unless the native CPU equals the reference: outputs within 1e-5 max(1, largest), gradients within 1e-4 largest. */
export async function expectCpuEqualsReference(
  cell: AttentionCell,
  { run }: Runner,
  params: CellParams<NdArray>,
  given: Given,
): Promise<void> {
  const want = onReference((p, g) => withGradients(cell, p, g), params, given);
  const got = await run(params, given);
  expect(Object.keys(got)).toEqual([...want.keys()]);
  for (const [name, { data }] of want) {
    const share = name.startsWith("gradient") ? 1e-4 : 1e-5;
    const floor = name.startsWith("gradient") ? 0 : 1;
    const largest = largestError(data, data).scale;
    expectClose(got[name]!, data, { rtol: 0, atol: share * Math.max(floor, largest) }, name);
  }
}

/** Fails unless every gradient equals central differences of the loss in one random direction, on the float64 reference. */
export function expectGradientsEqualDifferences(cell: AttentionCell, params: CellParams<NdArray>, given: Given): void {
  const whole = { params, given };
  const exact = mapTree<unknown, NdArray, NdArray>(whole, (a) =>
    a.dtype === "float32" ? new NdArray("float64", a.shape, Float64Array.from(floats(a))) : a,
  ) as typeof whole;
  const analytic = onReference((p, g) => withGradients(cell, p, g), exact.params, exact.given);
  const step = 1e-5;
  for (const [path, leaf] of leaves<NdArray>(exact)) {
    if (leaf.dtype !== "float64") continue;
    const direction = rng(path.length).normal(leaf.shape, 1).data as Float32Array;
    const lossAt = (shift: number): number => {
      const moved = mapTree<unknown, NdArray, NdArray>(exact, (a, at) =>
        at === path
          ? new NdArray("float64", a.shape, (a.data as Float64Array).map((v, i) => v + shift * direction[i]!)) // prettier-ignore
          : a,
      ) as typeof whole;
      return onReference((p, g) => withLoss(cell, p, g), moved.params, moved.given).get("loss")!.data[0]!;
    };
    const gradient = analytic.get(`gradient of ${path.slice(path.indexOf(".") + 1)}`)!.data;
    const slope = gradient.reduce((total, g, i) => total + g * direction[i]!, 0);
    const scale = gradient.reduce((total, g, i) => total + Math.abs(g * direction[i]!), 0);
    const difference = (lossAt(step) - lossAt(-step)) / (2 * step);
    if (!(Math.abs(difference - slope) <= 1e-6 * scale + 1e-9))
      expect.fail(`gradient of ${path}: ${slope}, but the differences give ${difference}`);
  }
}

/** Rows (axis 0) or positions (axis 1) of an array in another order. */
export function picked(a: NdArray, axis: 0 | 1, order: readonly number[]): NdArray {
  const width = a.shape.slice(axis + 1).reduce((x, y) => x * y, 1);
  const outer = axis === 0 ? 1 : a.shape[0]!;
  const blocks = Array.from({ length: outer }, (_, o) =>
    order.map((from) => {
      const start = (o * a.shape[axis]! + from) * width;
      return [...(a.data as Float32Array).subarray(start, start + width)];
    }),
  );
  const shape = a.shape.map((n, i) => (i === axis ? order.length : n));
  const data = blocks.flat(2);
  return new NdArray(a.dtype, shape, a.dtype === "bool" ? Uint8Array.from(data) : Float32Array.from(data));
}

/** What is given, with rows (axis 0) or positions of keys, values and mask (axis 1) in another order. */
export function pickedGiven(given: Given, axis: 0 | 1, order: readonly number[]): Given {
  const moves = (name: string): boolean => axis === 0 || !name.startsWith("query");
  return Object.fromEntries(Object.entries(given).map(([name, a]) => [name, moves(name) ? picked(a, axis, order) : a]));
}

/** What is given, with other keys and values at some positions, counted through the batch. */
export function disturbed(given: Given, where: (position: number) => boolean, value: (i: number) => number): Given {
  const other = (a: NdArray): NdArray => {
    const width = a.shape[2]!;
    return new NdArray(
      "float32",
      a.shape,
      floats(a).map((v, i) => (where(Math.floor(i / width)) ? value(i) : v)),
    );
  };
  return { ...given, keys: other(given["keys"]!), values: other(given["values"]!) };
}

/** The part of a result that belongs to one row of the batch. */
export function rowOf(result: ArrayLike<number>, row: number, rows: number = B): readonly number[] {
  const width = result.length / rows;
  return Array.from(result).slice(row * width, (row + 1) * width);
}

/** The outputs among results. */
export function outputsOf(results: Results): readonly (readonly [name: string, data: ArrayLike<number>])[] {
  return Object.entries(results).filter(([name]) => /^(context|weights)/.test(name));
}

/** Fails unless every element of every result is a finite number. */
export function expectFinite(results: Results): void {
  for (const [name, data] of Object.entries(results))
    if (!Array.from(data).every(Number.isFinite)) expect.fail(`${name} must be finite: ${Array.from(data).join(" ")}`);
}
