// Figures of normalizers: what each makes of the same three rows of scores.

import { learnedAlpha } from "../../src/attention/normalizers/learned-entmax.ts";
import { entmax } from "../../src/attention/normalizers/entmax.ts";
import { offByOne } from "../../src/attention/normalizers/off-by-one.ts";
import { maskedSigmoid } from "../../src/attention/normalizers/sigmoid.ts";
import { sinkSoftmax } from "../../src/attention/normalizers/sinks.ts";
import { softmaxWith } from "../../src/attention/normalizers/softmax-with.ts";
import { sparsemax } from "../../src/attention/normalizers/sparsemax.ts";
import { topKSoftmax } from "../../src/attention/normalizers/top-k.ts";
import { fill } from "../../src/core/ops/source.ts";
import { softmax } from "../../src/core/ops/softmax.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { rowsBy, type Matrix } from "./compute.ts";
import type { Panel, PanelFigure } from "./weight-panels.ts";

const rows = ["clear", "two", "flat"];
const columns = ["a", "b", "c", "d", "e"];

/** The scores of the three rows; the pages name them. */
export const scores: Matrix = [
  [4, 1, 0, -1, -2],
  [1.2, 1, 0, -1, -3],
  [0.4, 0.3, 0.2, 0.1, 0],
];

async function panel(title: string, fn: (x: Tensor) => Tensor, of = scores, names = rows): Promise<Panel> {
  return { title, rows: names, columns, weights: await rowsBy(fn, of) };
}

export async function softmaxFigure(): Promise<PanelFigure> {
  return {
    title: "The softmax at three temperatures, and with its scores capped at 2",
    panels: [
      await panel("temperature 0.5", (x) => softmaxWith(x, null, { temperature: 0.5 })),
      await panel("softmax", (x) => softmax(x)),
      await panel("temperature 2", (x) => softmaxWith(x, null, { temperature: 2 })),
      await panel("softCap 2", (x) => softmaxWith(x, null, { softCap: 2 })),
    ],
  };
}

export async function sparseFigure(): Promise<PanelFigure> {
  return {
    title: "The entmax family from softmax to sparsemax; empty cells are exactly 0",
    panels: [
      await panel("softmax, α = 1", (x) => softmax(x)),
      await panel("entmax, α = 1.25", (x) => entmax(x, null, 1.25)),
      await panel("entmax, α = 1.5", (x) => entmax(x, null, 1.5)),
      await panel("sparsemax, α = 2", (x) => sparsemax(x, null)),
      await panel("learnedEntmax, a = −3", (x) => entmax(x, null, learnedAlpha(fill([], -3)))),
    ],
  };
}

export async function sigmoidFigure(): Promise<PanelFigure> {
  return {
    title: "Sigmoid weights do not compete: a row sums to anything",
    sums: true,
    panels: [await panel("softmax", (x) => softmax(x)), await panel("sigmoid", (x) => maskedSigmoid(x, null))],
  };
}

export async function topKFigure(): Promise<PanelFigure> {
  return {
    title: "The softmax over the one, two and three largest scores",
    panels: [
      await panel("k = 1", (x) => topKSoftmax(x, null, 1)),
      await panel("k = 2", (x) => topKSoftmax(x, null, 2)),
      await panel("k = 3", (x) => topKSoftmax(x, null, 3)),
    ],
  };
}

export async function sinksFigure(): Promise<PanelFigure> {
  const low = [[4, 1, 0, -1, -2], [1.2, 1, 0, -1, -3], [-4, -4.5, -5, -5.5, -6]]; // prettier-ignore
  const names = ["clear", "two", "low"];
  return {
    title: "With a sink a row of low scores may look nowhere",
    sums: true,
    panels: [
      await panel("softmax", (x) => softmax(x), low, names),
      await panel("offByOne", (x) => offByOne(x, null), low, names),
      await panel("sinks, logit 2", (x) => sinkSoftmax(x, null, fill([], 2)), low, names),
    ],
  };
}
