// The normalizers as functions of scores (H, T, S), with a mask that leaves one row nothing.

import {
  entmax,
  learnedAlpha,
  learnedEntmax,
  maskedSigmoid,
  maskedSoftmax,
  monotonicAlignment,
  offByOne,
  sinkNormalizer,
  sinkSoftmax,
  softmaxWith,
  sparsemax,
  topKSoftmax,
} from "../../src/attention/index.ts";
import { rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { mechanismCase, type Mechanism, type MechanismCase } from "../mechanism-suite.ts";
import { bools, distributions, floats, H, S, T } from "./samples.ts";

const config = { querySize: 4, keySize: 4, alignmentSize: 4 };
const mask = bools([T, S], [1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);

function onScores(
  name: string,
  covers: readonly Mechanism[],
  normalize: (scores: Tensor, mask: Tensor) => Tensor,
): MechanismCase {
  return mechanismCase(name, covers, { scores: floats([H, T, S], 21), mask }, (given) => ({
    weights: normalize(given.scores, given.mask),
  }));
}

const alphas = learnedEntmax({ headCount: H });
const sinks = sinkNormalizer({ headCount: H });

/** All of them. */
export const normalizerCases: readonly MechanismCase[] = [
  onScores("maskedSoftmax", ["maskedSoftmax"], maskedSoftmax),
  onScores("softmaxWith", ["softmaxWith"], (x, m) => softmaxWith(x, m, { temperature: 0.7, softCap: 3 })),
  onScores("sparsemax", ["sparsemax"], sparsemax),
  onScores("entmax 1.5", ["entmax"], (x, m) => entmax(x, m, 1.5)),
  onScores("entmax 1.3, by bisection", ["entmax"], (x, m) => entmax(x, m, 1.3)),
  onScores("maskedSigmoid", ["maskedSigmoid"], maskedSigmoid),
  onScores("topKSoftmax", ["topKSoftmax"], (x, m) => topKSoftmax(x, m, 2)),
  onScores("offByOne", ["offByOne"], offByOne),
  mechanismCase(
    "sinkSoftmax",
    ["sinkSoftmax"],
    { scores: floats([H, T, S], 22), sink: floats([H, 1, 1], 23) },
    (given) => ({ weights: sinkSoftmax(given.scores, null, given.sink) }),
  ),
  mechanismCase(
    "sinkNormalizer, one a head",
    ["sinkNormalizer"],
    { params: sinks.init(config, rng(1)), scores: floats([H, T, S], 24), mask },
    (given) => ({ weights: sinks.normalize(given.params as never, given.scores, given.mask) }),
  ),
  mechanismCase(
    "learnedEntmax, one a head",
    ["learnedEntmax", "learnedAlpha", "entmax"],
    { params: alphas.init(config, rng(1)), scores: floats([H, T, S], 25), mask },
    ({ params, scores, mask: m }) => ({
      weights: alphas.normalize(params as never, scores, m),
      alpha: learnedAlpha((params as { readonly alpha: Tensor }).alpha),
    }),
  ),
  mechanismCase(
    "monotonicAlignment",
    ["monotonicAlignment"],
    { p: distributions([H, S], 26), previous: distributions([H, S], 27) },
    (given) => ({ alignment: monotonicAlignment(given.p, given.previous) }),
  ),
];
