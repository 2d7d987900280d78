// Steps of a recurrent decoder: every score, window, normalizer and selection in a cell.

import type { AttentionCell, CellParams } from "../../src/attention/contract.ts";
import {
  additive,
  argMax,
  attend,
  bilinear,
  cellOf,
  cells,
  concat,
  cosine,
  coverage,
  dot,
  entmaxNormalizer,
  general,
  gumbelSoftmax,
  hard,
  initAttention,
  learnedEntmax,
  localM,
  localP,
  location,
  locationSensitive,
  monotonic,
  offByOneNormalizer,
  prepareMemory,
  scaledDot,
  sigmoidNormalizer,
  sinkNormalizer,
  soft,
  softmaxNormalizer,
  softmaxWithNormalizer,
  sparsemaxNormalizer,
  straightThrough,
  subset,
  topKNormalizer,
} from "../../src/attention/index.ts";
import { foldIn, randomKey, rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import type { Tree } from "../../src/core/tree.ts";
import { mechanismCase, type Mechanism, type MechanismCase } from "../mechanism-suite.ts";
import { B, D, floats, rowMask, S } from "./samples.ts";

const basic: readonly Mechanism[] = ["attend", "beginAttention", "initAttention", "prepareMemory"];

/** Two steps of a cell over one memory, whose mask has a hole and an empty row. */
function steps(
  name: string,
  covers: readonly Mechanism[],
  stages: Partial<AttentionCell>,
  { key, size = 2 }: { readonly key?: number; readonly size?: number } = {},
): MechanismCase {
  const cell: AttentionCell = { score: scaledDot, normalizer: softmaxNormalizer, selection: soft, ...stages };
  const inputs = {
    params: initAttention(cell, { querySize: D, keySize: D, alignmentSize: D }, rng(3)),
    queries: [floats([B, D], 4, size), floats([B, D], 5, size)],
    keys: floats([B, S, D], 6),
    values: floats([B, S, D], 7),
    mask: rowMask,
    ...(key === undefined ? {} : { draws: [randomKey(key), foldIn(randomKey(key), 1)] }),
  };
  return mechanismCase(name, [...basic, ...covers], inputs, (given) => {
    const { params, queries, keys, values, mask } = given;
    const draws = (given as { readonly draws?: readonly Tensor[] }).draws;
    const memory = prepareMemory(cell, params as CellParams<Tensor>, { keys, values, mask });
    let state: Tree<Tensor> | undefined;
    return Object.fromEntries(
      queries.flatMap((query: Tensor, t: number) => {
        const step = attend(cell, params as CellParams<Tensor>, memory, query, {
          ...(state ? { state } : {}),
          key: draws?.[t] ?? null,
        });
        state = step.state;
        const { context, weights, sample, logProb, entropy } = step;
        return Object.entries({ context, weights, sample, logProb, entropy }).map(([part, x]) => [`${part} ${t}`, x]);
      }),
    );
  });
}

/** The scores, the windows, and cells by name. */
export const scoreCases: readonly MechanismCase[] = [
  steps("score dot", ["dot", "soft", "softmaxNormalizer"], { score: dot }, { size: 0.5 }),
  steps("score scaledDot", ["scaledDot"], { score: scaledDot }),
  steps("score general", ["general"], { score: general }),
  steps("score bilinear", ["bilinear"], { score: bilinear }),
  steps("score additive", ["additive"], { score: additive }),
  steps("score concat", ["concat"], { score: concat }),
  steps("score cosine", ["cosine"], { score: cosine({ scale: 3 }) }),
  steps("score location", ["location"], { score: location({ longest: 6 }) }),
  steps("score locationSensitive", ["locationSensitive"], {
    score: locationSensitive({ kernelSize: 3, filterCount: 2 }),
  }),
  steps("score coverage", ["coverage"], { score: coverage }),
  steps("cells by name: additive", ["cells"], cells.additive),
  steps("cells by name: general, local", ["cellOf"], cellOf("local-p", { reach: 1 })),
  steps("window localM", ["localM"], { window: localM({ reach: 1 }) }),
  steps("window localP", ["localP"], { score: general, window: localP({ reach: 2 }) }),
];

const normalizers: readonly (readonly [Mechanism, AttentionCell["normalizer"]])[] = [
  ["softmaxWithNormalizer", softmaxWithNormalizer({ temperature: 0.5, softCap: 2 })],
  ["sparsemaxNormalizer", sparsemaxNormalizer],
  ["entmaxNormalizer", entmaxNormalizer({ alpha: 1.5 }) as AttentionCell["normalizer"]],
  ["learnedEntmax", learnedEntmax({ initial: 1.4 })],
  ["sigmoidNormalizer", sigmoidNormalizer],
  ["topKNormalizer", topKNormalizer({ k: 2 })],
  ["offByOneNormalizer", offByOneNormalizer],
  ["sinkNormalizer", sinkNormalizer({ initial: 0.5 })],
];

/** The normalizers as stages. */
export const normalizerStageCases: readonly MechanismCase[] = normalizers.map(([name, normalizer]) =>
  steps(`normalizer ${name}`, [name], { normalizer }),
);

const relaxed = { temperature: 0.7 };

/** The selections: while training, with a key, and while evaluating, without. */
export const selectionCases: readonly MechanismCase[] = [
  steps("selection argMax", ["argMax"], { selection: argMax }),
  steps("selection hard, drawn", ["hard"], { selection: hard() }, { key: 11 }),
  steps("selection hard, the likeliest", ["hard"], { selection: hard() }),
  steps("selection hard, sometimes soft", ["hard"], { selection: hard({ semiSampling: 0.5 }) }, { key: 12 }),
  steps("selection subset, drawn", ["subset"], { selection: subset({ count: 2 }) }, { key: 13 }),
  steps("selection gumbelSoftmax", ["gumbelSoftmax"], { selection: gumbelSoftmax(relaxed) }, { key: 14 }),
  steps("selection straightThrough", ["straightThrough"], { selection: straightThrough(relaxed) }, { key: 15 }),
  steps(
    "selection monotonic, expected",
    ["monotonic"],
    { normalizer: sigmoidNormalizer, selection: monotonic() },
    { key: 16 },
  ),
  steps("selection monotonic, hard", ["monotonic"], { normalizer: sigmoidNormalizer, selection: monotonic() }),
];
