// The scores against the same ones composed from torch's own layers, over three steps, with all gradients.
// The file is written by tools/golden/scores.py.

import { expect, test } from "vitest";
import type { AccuracyException } from "../../../test/accuracy.ts";
import { checkGolden, readGolden } from "../../../test/golden.ts";
import { NdArray } from "../../core/ndarray.ts";
import type { Tree } from "../../core/tree.ts";
import { turn } from "../../nn/torch-state.ts";
import { linearFromTorch } from "../../nn/torch.ts";
import type { CellParams } from "../contract.ts";
import { bilinear } from "./bilinear.ts";
import { concat } from "./concat.ts";
import { cosine } from "./cosine.ts";
import { general } from "./general.ts";
import { locationSensitive } from "./location-sensitive.ts";
import { location } from "./location.ts";
import { scaledDot } from "./scaled-dot.ts";
import { attendSteps, cellOf } from "./trial.cases.ts";

const scores = {
  scaledDot,
  general,
  bilinear,
  concat,
  cosine: cosine(),
  location: location({ longest: 7 }),
  locationSensitive: locationSensitive({ kernelSize: 3, filterCount: 2 }),
};

// The gradients of parameters are loaded by the same functions: they have the same structure.
type State = Readonly<Record<string, NdArray>>;
const column = (a: NdArray): NdArray => new NdArray(a.dtype, [a.size, 1], a.data);
const loaders: Readonly<Record<keyof typeof scores, (state: State, dtype: "float32" | "float64") => Tree<NdArray>>> = {
  scaledDot: () => ({}),
  general: (state) => {
    const weight = state["form.weight"]!;
    return { weight: new NdArray(weight.dtype, weight.shape.slice(1), weight.data) };
  },
  bilinear: (state, dtype) => ({
    query: linearFromTorch(state, "query", { dtype }),
    key: linearFromTorch(state, "key", { dtype }),
  }),
  concat(state, dtype) {
    // torch's matrix has the query's columns in front of the key's: ours are its rows, in two blocks.
    const { weight } = linearFromTorch(state, "both", { dtype });
    const width = weight.shape[1]!;
    const rows = (from: number, to: number): { readonly weight: NdArray } => {
      const data = (weight.data as Float32Array).slice(from * width, to * width);
      return { weight: new NdArray(weight.dtype, [to - from, width], data) };
    };
    return { query: rows(0, 3), key: rows(3, 7), score: column(state["score.weight"]!) };
  },
  cosine: (state) => ({ logScale: state["logScale"]! }),
  location: (state, dtype) => linearFromTorch(state, "where", { dtype }),
  locationSensitive(state, dtype) {
    const filters = state["filters.weight"]!;
    return {
      query: linearFromTorch(state, "query", { dtype }),
      key: linearFromTorch(state, "key", { dtype }),
      score: column(state["score.weight"]!),
      location: linearFromTorch(state, "location", { dtype }),
      filters: turn(new NdArray(filters.dtype, [filters.shape[0]!, filters.shape[2]!], filters.data), "ours"),
    };
  },
};

const files = Object.entries(readGolden("src/attention/golden/scores.json")).filter(
  ([name]) => !/^local[MP]/.test(name), // windows, which are tested beside them
);

// Gradients of queries of 0.01, sums over positions of terms near 0.3 that cancel.
const cancels = "rounding of terms that cancel: below one unit in the last place of the larger ones";
const exceptions: Readonly<Record<string, Readonly<Record<string, AccuracyException>>>> = {
  "concat, mask": { "gradient of input query0": { times: 3, reason: cancels } },
  "locationSensitive, mask": { "gradient of input query0": { times: 3, reason: cancels } },
};

test.each(files)("%s equals torch", (name, c) => {
  const which = name.split(",")[0] as keyof typeof scores;
  const cell = cellOf({ score: scores[which] });
  return checkGolden<CellParams<NdArray>>(c, {
    exceptions: exceptions[name] ?? {},
    load: (state, dtype) => ({ score: loaders[which](state, dtype), window: {}, normalizer: {}, selection: {} }),
    apply: (params, given) => attendSteps(cell, params, given),
  });
});

test("every score is covered, with and without a mask", () => {
  expect(files.map(([name]) => name).sort()).toEqual(
    Object.keys(scores).flatMap((name) => [name, `${name}, mask`]).sort(), // prettier-ignore
  );
});
