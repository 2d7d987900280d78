// Rows added into a table: the runtime's kernels for it have lost updates when several threads added to one row.

import { expect, test } from "vitest";
import { NdArray } from "../src/core/ndarray.ts";
import { scatterAdd } from "../src/core/ops/gather.ts";
import type { Tensor } from "../src/core/tensor.ts";
import { rng } from "../src/core/random.ts";
import { compile } from "../src/engine/compile.ts";

const shapes: readonly (readonly [count: number, rows: number, width: number])[] = [
  [4096, 30, 96],
  [3072, 2000, 128],
];

for (const device of ["cpu", "wasm"] as const)
  for (const [count, rows, width] of shapes)
    test(`${count} updates to ${rows} rows of ${width}: every run gives the same sums, on ${device}`, async () => {
      const draw = rng(count);
      const updates = draw.normal([count, width], 1);
      const indices = new NdArray(
        "int32",
        [count],
        Int32Array.from({ length: count }, () => draw.integer(rows)),
      );
      await using add = compile((i: Tensor, u: Tensor) => scatterAdd(rows, i, u), {
        device,
        ...(device === "cpu" ? { threads: 4 } : {}),
      });
      const expected = new Float64Array(rows * width);
      const [at, data] = [indices.data as Int32Array, updates.data as Float32Array];
      at.forEach((row, i) => {
        for (let k = 0; k < width; k++) expected[row * width + k]! += data[i * width + k]!;
      });
      const first = (await add(indices, updates)).data as Float32Array;
      const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      expect(first.reduce((worst, x, i) => Math.max(worst, Math.abs(x - expected[i]!)), 0)).toBeLessThan(
        2e-6 * largest,
      );
      for (let run = 0; run < 20; run++)
        expect((await add(indices, updates)).data.every((x, i) => x === first[i])).toBe(true);
    });
