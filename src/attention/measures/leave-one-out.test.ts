// Leave one out, on a function that is known; how it calls; in a graph.

import { expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import { broadcastTo, expandDims } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { where } from "../../core/ops/select.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile } from "../../engine/compile.ts";
import { attention } from "../dot-product/attention.ts";
import { keyPadding } from "../masks/key-padding.ts";
import { leaveOneOutChange } from "./leave-one-out.ts";
import { elements, floats } from "./model.cases.ts";

const values = [5, -1, 2, 0.5];
const shapes: (readonly number[])[] = [];
const summed = (keep: NdArray): Promise<NdArray> => {
  shapes.push(keep.shape);
  const [N, S] = keep.shape as readonly [number, number];
  const kept = (n: number): number => values.reduce((total, v, s) => total + (keep.data[n * S + s] ? v : 0), 0);
  return Promise.resolve(floats([N], Array.from({ length: N }, (_, n) => kept(n)))); // prettier-ignore
};

test("the change of a sum is what was taken away", async () => {
  const { whole, changes } = await leaveOneOutChange(summed, 4);
  expect([whole, elements(changes)]).toEqual([6.5, values]);
  const two = await leaveOneOutChange(summed, 4, { positions: [3, 1] });
  expect(elements(two.changes)).toEqual([0.5, -1]);
});

test("variants come in batches of one shape", async () => {
  shapes.length = 0;
  const { changes } = await leaveOneOutChange(summed, 4, { batchSize: 2 });
  expect(elements(changes)).toEqual(values);
  expect(shapes).toEqual([[2, 4], [2, 4], [2, 4]]); // prettier-ignore
  await leaveOneOutChange(summed, 4);
  expect(shapes.at(-1)).toEqual([5, 4]);
});

test("keys are taken away by a mask, inputs by a choice", async () => {
  const [S, D] = [4, 3];
  const x = rng(2).normal([1, S, 1, D], 1);
  const query = (t: Tensor, N: number): Tensor => broadcastTo(t, [N, S, 1, D]);
  const withoutKeys = compile((keep: Tensor, t: Tensor): Tensor => {
    const all = query(t, keep.shape[0]!);
    return sum(attention({ query: all, keys: all, values: all, mask: keyPadding(keep) }).context, [1, 2, 3]);
  });
  const keys = await leaveOneOutChange((keep) => withoutKeys(keep, x), S);
  const withoutInputs = compile((keep: Tensor, t: Tensor): Tensor => {
    const all = where(expandDims(expandDims(keep, -1), -1), query(t, keep.shape[0]!), 0);
    return sum(mul(all, all), [1, 2, 3]);
  });
  const inputs = await leaveOneOutChange((keep) => withoutInputs(keep, x), S);
  const rows = Array.from({ length: S }, (_, s) => elements(x).slice(D * s, D * s + D));
  expectClose(elements(inputs.changes), rows.map((row) => row.reduce((a, v) => a + v * v, 0)), { rtol: 1e-5 }); // prettier-ignore
  // The same attention in plain JavaScript, without a key or with all.
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((total, v, i) => total + v * b[i]!, 0);
  const plain = (gone: number): number =>
    rows.reduce((total, q) => {
      const e = rows.map((k, s) => (s === gone ? 0 : Math.exp(dot(q, k) / Math.sqrt(D))));
      const norm = e.reduce((a, b) => a + b, 0);
      return total + rows.reduce((t, v, s) => t + (e[s]! / norm) * v.reduce((a, b) => a + b, 0), 0);
    }, 0);
  expectClose(elements(keys.changes), [0, 1, 2, 3].map((s) => plain(-1) - plain(s)), { rtol: 1e-5, atol: 1e-6 }); // prettier-ignore
  await Promise.all([withoutKeys.dispose(), withoutInputs.dispose()]);
});
