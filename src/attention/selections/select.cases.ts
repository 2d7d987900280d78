// What the tests of selections share: a selection alone on the native CPU, and rows that repeat a distribution.

import { NdArray } from "../../core/ndarray.ts";
import { randomKey } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import type { Selection } from "../contract.ts";

export type Plain = Selection<Record<never, never>>;
export type Numbers = Readonly<Record<string, number[]>>;

export const numbers = (a: NdArray): number[] => Array.from(a.data as ArrayLike<number>);
export const call = evaluate as unknown as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
export const run = async (...args: readonly unknown[]): Promise<Numbers> =>
  Object.fromEntries(Object.entries(await call(...args)).map(([name, a]) => [name, numbers(a)]));

/** What a selection gives for a distribution (B, S), on the native CPU. */
export async function select(
  selection: Plain,
  distribution: NdArray,
  { key, mask, previous }: { readonly key?: NdArray; readonly mask?: NdArray; readonly previous?: NdArray } = {},
): Promise<Numbers> {
  const fn = (p: Tensor, given: Readonly<Record<string, Tensor>>): unknown =>
    selection.select({} as never, {
      distribution: p,
      mask: given["mask"] ?? null,
      key: given["key"] ?? null,
      state: given["previous"] ? { alignment: given["previous"] } : {},
    });
  const given = { ...(key ? { key } : {}), ...(mask ? { mask } : {}), ...(previous ? { previous } : {}) };
  return run(fn, distribution, given);
}

export const rows = (p: readonly number[], count: number): NdArray =>
  new NdArray(
    "float32",
    [count, p.length],
    Float32Array.from({ length: count * p.length }, (_, i) => p[i % p.length]!),
  );

export const key = randomKey(11);
export const p5 = [0.4, 0.05, 0.3, 0.05, 0.2];
