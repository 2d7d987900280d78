// Figures of selections: what is drawn from one distribution.

import { monotonic } from "../../src/attention/selections/monotonic.ts";
import { argMax } from "../../src/attention/selections/arg-max.ts";
import type { AttentionCell, Selection } from "../../src/attention/contract.ts";
import { hard } from "../../src/attention/selections/hard.ts";
import { gumbelSoftmax, straightThrough } from "../../src/attention/selections/relaxed.ts";
import { soft } from "../../src/attention/selections/soft.ts";
import { subset } from "../../src/attention/selections/subset.ts";
import { sigmoidNormalizer } from "../../src/attention/normalizers/sigmoid.ts";
import { dot } from "../../src/attention/scores/dot.ts";
import { array, type NdArray, type Nested } from "../../src/core/ndarray.ts";
import { sigmoid } from "../../src/core/ops/unary.ts";
import { softmax } from "../../src/core/ops/softmax.ts";
import { randomKey } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import type { Tree } from "../../src/core/tree.ts";
import { evaluate } from "../../src/engine/compile.ts";
import { matrixOf, range, rowsBy, stepWeights, type Matrix } from "./compute.ts";
import type { Panel, PanelFigure } from "./weight-panels.ts";

const columns = ["a", "b", "c", "d", "e"];
const scores = [1.2, 1, 0.3, -0.5, -1];

/** Draws from the softmax of the scores; without a seed, what is chosen while evaluating. */
async function draws(title: string, selection: Selection<Tree<NdArray>>, count: number, seed?: number): Promise<Panel> {
  const select = (x: Tensor, key: Tensor | null): Tensor =>
    selection.select({} as never, { distribution: softmax(x), mask: null, state: {}, key }).weights;
  const rows = array(range(count).map(() => scores) as Nested);
  const weights =
    seed === undefined
      ? await evaluate((x: Tensor) => select(x, null), rows)
      : await evaluate((x: Tensor, key: Tensor) => select(x, key), rows, randomKey(seed));
  const names = count === 1 ? ["row"] : range(count).map((i) => `draw ${i + 1}`);
  return { title, rows: names, columns, weights: await matrixOf(weights, columns.length) };
}

export async function softFigure(): Promise<PanelFigure> {
  return {
    title: "One distribution: all of it, and its likeliest position",
    panels: [await draws("soft", soft, 1), await draws("argMax", argMax, 1)],
  };
}

export async function hardFigure(): Promise<PanelFigure> {
  return {
    title: "Draws from one distribution, of one position and of two",
    panels: [
      await draws("the distribution", soft, 1),
      await draws("hard", hard(), 5, 1),
      await draws("subset of 2", subset({ count: 2 }), 5, 1),
    ],
  };
}

export async function relaxedFigure(): Promise<PanelFigure> {
  const seed = 4;
  return {
    title: "The same draws relaxed at three temperatures, and their straight-through form",
    panels: [
      await draws("gumbelSoftmax 0.2", gumbelSoftmax({ temperature: 0.2 }), 3, seed),
      await draws("gumbelSoftmax 1", gumbelSoftmax({ temperature: 1 }), 3, seed),
      await draws("gumbelSoftmax 4", gumbelSoftmax({ temperature: 4 }), 3, seed),
      await draws("straightThrough", straightThrough({ temperature: 1 }), 3, seed),
    ],
  };
}

export async function monotonicFigure(): Promise<PanelFigure> {
  const size = 6;
  const scoresOf = (t: number): readonly number[] => range(size).map((s) => 3.5 - 2.4 * Math.abs(s - 1.5 * t));
  // One-hot keys: the dot score of a query is the query itself.
  const keys = range(size).map((s) => range(size).map((i) => (i === s ? 1 : 0)));
  const queries: Matrix = range(4).map(scoresOf);
  const cell: AttentionCell = { score: dot, normalizer: sigmoidNormalizer, selection: monotonic() };
  const rows = range(4).map((t) => `step ${t}`);
  const names = range(size).map(String);
  return {
    title: "Probabilities of stopping, the alignment that is expected of them, and the one that is taken",
    sums: true,
    panels: [
      { title: "p, stops here", rows, columns: names, weights: await rowsBy((x) => sigmoid(x), queries) },
      { title: "expected (training)", rows, columns: names, weights: await expectedAlignment(queries) },
      { title: "taken (evaluating)", rows, columns: names, weights: await stepWeights(cell, { keys, queries }) },
    ],
  };
}

/** The weights while training, without noise. */
async function expectedAlignment(scoresByStep: Matrix): Promise<Matrix> {
  const selection = monotonic({ noise: 0 });
  const rows: (readonly number[])[] = [];
  let alignment: readonly number[] = scoresByStep[0]!.map((_, s) => (s === 0 ? 1 : 0));
  for (const row of scoresByStep) {
    const step = (x: Tensor, before: Tensor, key: Tensor): Tensor =>
      selection.select({} as never, { distribution: sigmoid(x), mask: null, state: { alignment: before }, key })
        .weights;
    const result = await evaluate(step, array([row] as Nested), array([alignment] as Nested), randomKey(1));
    alignment = (await matrixOf(result, row.length))[0]!;
    rows.push(alignment);
  }
  return rows;
}
