// The attention cells against the same mechanisms composed from torch's operations, with all gradients.
// The files are written by tools/golden/attention.py.

import { expect, test } from "vitest";
import type { AccuracyException } from "../../test/accuracy.ts";
import { checkGolden, readGolden } from "../../test/golden.ts";
import { NdArray } from "../core/ndarray.ts";
import { linearFromTorch } from "../nn/torch.ts";
import { attend, prepareMemory } from "./attend.ts";
import { cells } from "./cells.ts";
import type { CellParams } from "./contract.ts";

const files = Object.entries(readGolden("src/attention/golden/cells.json"));

// The gradient of a score is a difference of numbers near 0.5 that leaves 0.05: its rounding, half a unit of the larger ones,
// is more than 4 units of what is left. Of the two, torch's happened to be the smaller here; with the terms in torch's own
// order, y (g - sum(g y)), the same tensors or their neighbours are off as much.
const cancels = "rounding of terms that cancel: below one unit in the last place of the larger ones";
const exceptions: Readonly<Record<string, Readonly<Record<string, AccuracyException>>>> = {
  coverage: {
    "gradient score.query.weight": { times: 2.5, reason: cancels },
    "gradient score.query.bias": { times: 2.5, reason: cancels },
  },
  "coverage, mask": { "gradient of input query": { times: 7, reason: cancels } },
};

test.each(files)("%s equals torch", (name, c) => {
  const cell = cells[name.split(",")[0] as keyof typeof cells];
  return checkGolden<CellParams<NdArray>>(c, {
    exceptions: exceptions[name] ?? {},
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

test("the cells of soft choices are covered, with and without a mask; stages of others have files of their own", () => {
  expect(files.map(([name]) => name).sort()).toEqual(
    ["additive", "coverage", "dot"].flatMap((name) => [name, `${name}, mask`]).sort(), // prettier-ignore
  );
});
