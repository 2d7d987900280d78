// What the figures show, computed by the library: weights as nested numbers.

import type { AttentionCell, CellParams } from "../../src/attention/contract.ts";
import { attend, beginAttention, initAttention, prepareMemory } from "../../src/attention/attend.ts";
import { attention, type AttentionOptions } from "../../src/attention/dot-product/attention.ts";
import { observe } from "../../src/attention/observe/observe.ts";
import { array, type NdArray, type Nested } from "../../src/core/ndarray.ts";
import { stack } from "../../src/core/ops/concat.ts";
import { squeeze } from "../../src/core/ops/movement.ts";
import { sliceAxis } from "../../src/core/ops/slice.ts";
import { rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import type { Tree } from "../../src/core/tree.ts";
import { evaluate } from "../../src/engine/compile.ts";

/** Rows of numbers. */
export type Matrix = readonly (readonly number[])[];

/** The numbers 0, 1, ... */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** A matrix (T, S) from an array whose other axes have size 1. */
export async function matrixOf(x: NdArray, columns: number): Promise<Matrix> {
  const flat = Array.from(await x.read(), Number);
  return range(flat.length / columns).map((i) => flat.slice(i * columns, (i + 1) * columns));
}

/** What a cell is given, step by step. */
export interface CellRun {
  readonly keys: Matrix;
  readonly queries: Matrix;
  readonly alignmentSize?: number;
  /** Default: as `initAttention` draws them from seed 1. */
  readonly params?: Partial<Record<keyof CellParams<NdArray>, Tree<NdArray>>>;
}

/** The weights (T, S) of one step of a cell after the other, over the keys, which are the values too. */
export async function stepWeights(cell: AttentionCell, run: CellRun): Promise<Matrix> {
  const { keys, queries, alignmentSize = 1 } = run;
  const sizes = { querySize: queries[0]!.length, keySize: keys[0]!.length, alignmentSize };
  const params: CellParams<NdArray> = { ...initAttention(cell, sizes, rng(1)), ...run.params };
  const weights = await evaluate(
    (p: CellParams<Tensor>, k: Tensor, q: Tensor) => {
      const memory = prepareMemory(cell, p, { keys: k, values: k, mask: null });
      let state = beginAttention(cell, memory);
      const rows = range(queries.length).map((t) => {
        const result = attend(cell, p, memory, sliceAxis(q, 0, t, t + 1), { state });
        state = result.state;
        return squeeze(result.weights, 0);
      });
      return stack(rows, 0);
    },
    params,
    array([keys] as Nested),
    array(queries as Nested),
  );
  return matrixOf(weights, keys.length);
}

/** The rows that a function makes of rows. */
export async function rowsBy(fn: (x: Tensor) => Tensor, rows: Matrix): Promise<Matrix> {
  return matrixOf(await evaluate(fn, array(rows as Nested)), rows[0]!.length);
}

/**
 * The weights of an attention over sequences, one matrix (T, S) a head.
 *
 * @param query - (T, D) for one head, or one such matrix a head.
 */
export async function headWeights(
  query: readonly Matrix[],
  keys: readonly Matrix[],
  options: Omit<AttentionOptions, "query" | "keys" | "values"> = {},
): Promise<readonly Matrix[]> {
  const sideBySide = (heads: readonly Matrix[]): NdArray =>
    array([heads[0]!.map((_, t) => heads.map((head) => head[t]!))] as Nested); // (1, T, H, D)
  const look = observe(
    (q: Tensor, k: Tensor) => attention({ query: q, keys: k, values: k, ...options }).context,
    "attention",
  );
  const { seen } = await evaluate(look, sideBySide(query), sideBySide(keys));
  return headsOf(seen["attention"]!["weights"]!, query.length);
}

/** Weights (1, H, T, S) as one matrix a head. */
export async function headsOf(weights: NdArray, headCount: number): Promise<readonly Matrix[]> {
  const all = await matrixOf(weights, weights.shape[3]!);
  const count = all.length / headCount;
  return range(headCount).map((h) => all.slice(h * count, (h + 1) * count));
}
