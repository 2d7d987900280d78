// What the measures refuse, and in which words.

import { expect, test } from "vitest";
import { HeedError } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { sum } from "../../core/ops/reduce.ts";
import { input } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { attention } from "../dot-product/attention.ts";
import { alignmentErrorRate } from "./alignment-error-rate.ts";
import { attentionFlow } from "./attention-flow.ts";
import { gradientTimesWeights, relevanceRollout } from "./gradient-times-weights.ts";
import { headImportance } from "./head-importance.ts";
import { leaveOneOutChange } from "./leave-one-out.ts";
import { linksOf } from "./links.ts";
import { meanDistance } from "./mean-distance.ts";
import { drawnWeights, floats } from "./model.cases.ts";
import { rollout } from "./rollout.ts";
import { sinkShare } from "./sink-share.ts";
import { spearman } from "./spearman.ts";
import { weightsOfSteps } from "./steps.ts";
import { valueNormWeights } from "./value-norm-weights.ts";
import { coveragePenalty, weightCoverage } from "./weight-coverage.ts";
import { weightEntropy } from "./weight-entropy.ts";
import { weightGradients } from "./weight-gradients.ts";

const w = drawnWeights([2, 3, 4, 4], 1);
const cross = drawnWeights([2, 3, 4, 5], 1);
const other = drawnWeights([2, 3, 5, 5], 1);
const bools = (...shape: number[]): NdArray =>
  new NdArray("bool", shape, new Uint8Array(shape.reduce((a, b) => a * b, 1)));
const x = input([2, 4, 1, 2]);
const attended = (t: Tensor): Tensor => attention({ query: t, keys: t, values: t }).context;

test.each<readonly [string, () => unknown, string]>([
  [
    "weights that are none",
    () => weightEntropy([1] as never),
    "weightEntropy: weights must be an NdArray (B H T S), got Array",
  ],
  [
    "weights of another dtype",
    () => meanDistance(bools(1, 1, 1, 1)),
    "meanDistance: weights must be float32, got bool[1, 1, 1, 1]",
  ],
  [
    "weights without heads",
    () => sinkShare(floats([2, 3], [1, 0, 0, 1, 0, 0])),
    "sinkShare: weights must have the axes (B H T S), got float32[2, 3]",
  ],
  [
    "weights of no head",
    () => sinkShare(floats([2, 0, 1, 1], [])),
    "sinkShare: weights must have at least one head, got float32[2, 0, 1, 1]",
  ],
  [
    "weights of a loop",
    () => weightCoverage(floats([1, 1, 1, 1, 1], [1])),
    "weightCoverage: weights must have the axes (B H T S), got float32[1, 1, 1, 1, 1]. Weights of a loop have a first axis for its steps: weightsOfSteps puts it in the place of the queries.",
  ],
  [
    "an unknown option",
    () => weightEntropy(w, { mask: w } as never),
    'weightEntropy: options must be among allowed, got "mask"',
  ],
  [
    "a mask of floats",
    () => weightEntropy(w, { allowed: w }),
    "weightEntropy: allowed must be bool, got float32[2, 3, 4, 4]",
  ],
  [
    "a mask of another size",
    () => weightEntropy(w, { allowed: bools(2, 1, 1, 5) }),
    "weightEntropy: allowed must have four axes that broadcast to the weights, got bool[2, 1, 1, 5] and float32[2, 3, 4, 4]",
  ],
  [
    "too few positions",
    () => meanDistance(w, { keyPositions: [1, 2] }),
    "meanDistance: keyPositions must hold 4 positions, got 2",
  ],
  [
    "positions that are not finite",
    () => meanDistance(w, { queryPositions: [0, 1, 2, NaN] }),
    "meanDistance: queryPositions must be a list of finite numbers, got [0, 1, 2, NaN]",
  ],
  [
    "a sink that is no key",
    () => sinkShare(w, { positions: [0, 4] }),
    "sinkShare: positions must be keys from 0 to 3, got 4 for weights float32[2, 3, 4, 4]",
  ],
  [
    "sinks of another length",
    () => sinkShare(w, { positions: bools(2, 5) }),
    "sinkShare: positions must be (B, S) = (2, 4), got bool[2, 5] for weights float32[2, 3, 4, 4]",
  ],
  [
    "steps with many queries",
    () => weightsOfSteps([w]),
    "weightsOfSteps: step 0 must have one query (B, H, 1, S), got float32[2, 3, 4, 4]",
  ],
  [
    "steps that differ",
    () => weightsOfSteps([drawnWeights([2, 1, 1, 4], 1), drawnWeights([2, 1, 1, 5], 1)]),
    "weightsOfSteps: step 1 must have the shape of step 0, got float32[2, 1, 1, 5] and float32[2, 1, 1, 4]",
  ],
  ["no layers", () => rollout([]), "rollout: there must be at least one layer, got none"],
  [
    "one layer that is no list",
    () => rollout(w as never),
    "rollout: the layers must be a list of weights (B, H, T, T), got an NdArray float32[2, 3, 4, 4]",
  ],
  [
    "cross-attention",
    () => rollout([w, cross]),
    "rollout: layer 1 must be of self-attention, with as many queries as keys, got float32[2, 3, 4, 5]",
  ],
  [
    "layers that disagree",
    () => rollout([w, other]),
    "rollout: layers must agree in B and T, got layer 0 float32[2, 3, 4, 4] and layer 1 float32[2, 3, 5, 5]",
  ],
  [
    "a residual above 1",
    () => rollout([w], { residual: 1.5 }),
    "rollout: residual must lie in 0 <= residual <= 1, got 1.5",
  ],
  [
    "an unknown reduction",
    () => rollout([w], { heads: "sum" as never }),
    'rollout: heads must be one of mean, max, min, got "sum"',
  ],
  ["a layer that is none", () => rollout([w], { from: 1 }), "rollout: from must be a layer from 0 to 0, got 1"],
  ["flow to no position", () => attentionFlow([w], 4), "attentionFlow: position must be an integer from 0 to 3, got 4"],
  [
    "flow through a negative weight",
    () => attentionFlow([floats([1, 1, 2, 2], [1, 0, 1.5, -0.5])], 0),
    "attentionFlow: weights must be finite and not negative, got -0.5 in layer 0 float32[1, 1, 2, 2]",
  ],
  [
    "values of another length",
    () => valueNormWeights(w, floats([2, 1, 1, 1], [1, 1]), floats([3, 1], [1, 1, 1])),
    "valueNormWeights: values (B, S, G, E) must fit weights (B, H, T, S), with G a divisor of H, got float32[2, 1, 1, 1] and float32[2, 3, 4, 4]",
  ],
  [
    "an output of another size",
    () => valueNormWeights(floats([1, 1, 1, 1], [1]), floats([1, 1, 1, 2], [1, 1]), floats([1, 2], [1, 1])),
    "valueNormWeights: output must have H E = 2 rows, got float32[1, 2] for weights float32[1, 1, 1, 1] and values float32[1, 1, 1, 2]",
  ],
  [
    "gradients of others",
    () => gradientTimesWeights(w, cross),
    "gradientTimesWeights: gradients must have the shape of weights, got float32[2, 3, 4, 5] and float32[2, 3, 4, 4]",
  ],
  [
    "gradients of other layers",
    () => relevanceRollout([{ weights: w, gradients: other }]),
    "relevanceRollout: gradients of layer 0 must have the shape of weights, got float32[2, 3, 5, 5] and float32[2, 3, 4, 4]",
  ],
  [
    "a loss for each row",
    () => weightGradients((t: Tensor) => sum(attended(t), [1, 2, 3]))(x),
    "weightGradients: the function must give a float32 scalar, got float32[2]",
  ],
  [
    "a loss for all",
    () => headImportance((t: Tensor) => sum(attended(t)))(x),
    "headImportance: the function must give the loss of each example, float32 (B), got float32[]",
  ],
  [
    "losses of steps",
    () => headImportance((t: Tensor) => sum(attended(t), [0, 2, 3]))(x),
    "headImportance: there must be a loss for each of the 2 examples at attention, got float32[4]. Average over the steps of each example, not over the batch.",
  ],
  [
    "no such site",
    () => headImportance((t: Tensor) => sum(attended(t), [1, 2, 3]), "encoder.*")(x),
    "headImportance: some attention must have such a name, got encoder.*. There are attention.",
  ],
  ["no function", () => weightGradients(3 as never), "weightGradients: a function is required, got a number"],
  ["a threshold of 0", () => linksOf(w, { threshold: 0 }), "linksOf: threshold must be a finite number > 0, got 0"],
  [
    "lengths of another batch",
    () => linksOf(w, { keyLengths: [1] }),
    "linksOf: keyLengths must hold a length for each of 2 rows, got 1",
  ],
  [
    "a length that is too long",
    () => linksOf(w, { queryLengths: [1, 5] }),
    "linksOf: queryLengths must be integers from 0 to 4, got 5",
  ],
  [
    "a missing reference",
    () => alignmentErrorRate([[]], []),
    "alignmentErrorRate: there must be a reference for each sentence, got 1 lists of links and 0 references",
  ],
  [
    "a link that is none",
    () => alignmentErrorRate([[[0, -1]]], [{ sure: [] }]),
    "alignmentErrorRate: links 0 must be pairs [source, target] of positions from 0, got [0,-1]",
  ],
  [
    "bounds that cross",
    () => weightCoverage(w, { under: 2 }),
    "weightCoverage: under and over must be finite, 0 <= under <= over, got under 2, over 1.5",
  ],
  [
    "a negative factor",
    () => coveragePenalty(floats([1, 1], [1]), { beta: -1 }),
    "coveragePenalty: beta must be a finite number >= 0, got -1",
  ],
  [
    "lists of other lengths",
    () => spearman([1, 2], [1, 2, 3]),
    "spearman: a and b must be equally long, and two or more, got 2 and 3 numbers",
  ],
  ["a NaN to be ranked", () => spearman([1, NaN], [1, 2]), "spearman: a must hold numbers, got NaN at 1"],
])("%s", (_name, act, message) => {
  let thrown: unknown;
  try {
    act();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(HeedError);
  expect((thrown as HeedError).message).toBe(message);
});

test.each<readonly [string, () => Promise<unknown>, string]>([
  [
    "no positions at all",
    () => leaveOneOutChange(async () => w, 0),
    "leaveOneOutChange: length must be an integer >= 1, got 0",
  ],
  [
    "a position that is none",
    () => leaveOneOutChange(async () => w, 3, { positions: [3] }),
    "leaveOneOutChange: positions must be integers from 0 to 2, got 3",
  ],
  [
    "a batch of none",
    () => leaveOneOutChange(async () => w, 3, { batchSize: 0 }),
    "leaveOneOutChange: batchSize must be an integer >= 1, got 0",
  ],
  [
    "something else than scalars",
    () => leaveOneOutChange(async () => w, 3),
    "leaveOneOutChange: the scalars of the variants must have the axes (N), got float32[2, 3, 4, 4]",
  ],
  [
    "too few scalars",
    () => leaveOneOutChange(async () => floats([1], [1]), 3),
    "leaveOneOutChange: the function must give a scalar for each of 4 rows, got float32[1]",
  ],
])("leaving out: %s", async (_name, act, message) => {
  await expect(act()).rejects.toThrow(message);
});
