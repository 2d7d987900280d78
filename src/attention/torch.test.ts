// The attention cells against the same mechanisms composed from torch's operations, with all gradients.
// The files are written by tools/golden/attention.py.

import { expect, test } from "vitest";
import { checkGolden, readGolden } from "../../test/golden.ts";
import { NdArray } from "../core/ndarray.ts";
import type { Tree } from "../core/tree.ts";
import { linearFromTorch } from "../nn/torch.ts";
import { attend, cells, prepareMemory } from "./attend.ts";

const files = Object.entries(readGolden("src/attention/golden/cells.json"));

test.each(files)("%s equals torch", (name, c) => {
  const cell = name.startsWith("additive") ? cells.additive : cells.dot;
  return checkGolden<Tree<NdArray>>(c, {
    load(state, dtype) {
      if (cell === cells.dot) return {};
      const { score } = state as { readonly score: NdArray };
      return {
        query: linearFromTorch(state, "query", { dtype }),
        key: linearFromTorch(state, "key", { dtype }),
        score: new NdArray(score.dtype, [score.size, 1], score.data),
      };
    },
    apply(params, { query, keys, values, mask }) {
      const memory = prepareMemory(cell, params, { keys: keys!, values: values!, mask: mask ?? null });
      const { context, weights } = attend(cell, params, memory, query!);
      return { context, weights };
    },
  });
});

test("both cells are covered, with and without a mask", () => {
  expect(files.map(([name]) => name)).toEqual(["additive", "additive, mask", "dot", "dot, mask"]);
});
