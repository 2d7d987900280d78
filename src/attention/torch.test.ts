// The attention cells against the same mechanisms composed from torch's operations, with all gradients.
// The files are written by tools/golden/attention.py.

import { expect, test } from "vitest";
import { checkGolden, readGolden } from "../../test/golden.ts";
import { NdArray } from "../core/ndarray.ts";
import { linearFromTorch } from "../nn/torch.ts";
import { attend, prepareMemory } from "./attend.ts";
import { cells } from "./cells.ts";
import type { CellParams } from "./contract.ts";

const files = Object.entries(readGolden("src/attention/golden/cells.json"));

test.each(files)("%s equals torch", (name, c) => {
  const cell = cells[name.split(",")[0] as keyof typeof cells];
  return checkGolden<CellParams<NdArray>>(c, {
    load(state, dtype) {
      const none = { window: {}, normalizer: {}, selection: {} };
      if (cell === cells.dot) return { ...none, score: {} };
      const { score, coverage } = state as { readonly score: NdArray; readonly coverage?: NdArray };
      return {
        ...none,
        score: {
          query: linearFromTorch(state, "query", { dtype }),
          key: linearFromTorch(state, "key", { dtype }),
          score: new NdArray(score.dtype, [score.size, 1], score.data),
          ...(coverage ? { coverage } : {}),
        },
      };
    },
    apply(params, { query, second, keys, values, mask }) {
      const memory = prepareMemory(cell, params, { keys: keys!, values: values!, mask: mask ?? null });
      const first = attend(cell, params, memory, query!);
      if (!second) return { context: first.context, weights: first.weights };
      const then = attend(cell, params, memory, second, { state: first.state });
      return {
        context0: first.context,
        weights0: first.weights,
        context1: then.context,
        weights1: then.weights,
      };
    },
  });
});

test("every cell is covered, with and without a mask", () => {
  expect(files.map(([name]) => name).sort()).toEqual(
    Object.keys(cells).flatMap((name) => [name, `${name}, mask`]).sort(), // prettier-ignore
  );
});
