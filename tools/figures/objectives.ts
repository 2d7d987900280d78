// Figures of objectives: what they teach an alignment, in cases small enough to be followed.

import { leaveOneOut, movingAverage, noBaseline, type Baseline } from "../../src/attention/objectives/baselines.ts";
import type { PositionObjective } from "../../src/attention/objectives/contract.ts";
import { marginal } from "../../src/attention/objectives/marginal.ts";
import { monotonicMarginal } from "../../src/attention/objectives/monotonic-marginal.ts";
import { reinforce } from "../../src/attention/objectives/reinforce.ts";
import { variational } from "../../src/attention/objectives/variational.ts";
import { hard } from "../../src/attention/selections/hard.ts";
import { gradients } from "../../src/core/grad.ts";
import { array, zeros, type NdArray, type Nested } from "../../src/core/ndarray.ts";
import { mul, sub } from "../../src/core/ops/binary.ts";
import { broadcastTo, expandDims } from "../../src/core/ops/movement.ts";
import { sum } from "../../src/core/ops/reduce.ts";
import { softmax } from "../../src/core/ops/softmax.ts";
import { constant } from "../../src/core/ops/source.ts";
import { foldIn, randomKey } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import type { Tree } from "../../src/core/tree.ts";
import { compile, evaluate } from "../../src/engine/compile.ts";
import { matrixOf, range, rowsBy, type Matrix } from "./compute.ts";
import type { Panel, PanelFigure } from "./weight-panels.ts";

const columns = ["a", "b", "c", "d", "e"];
/** log p(y | the step looks at s): c explains the target best. */
const logLikelihoods = [-3, -1.6, -0.2, -2.2, -3];

/** The distribution of one step as REINFORCE moves it: 8 draws an update, descent with rate 1. */
async function learning(title: string, baseline: Baseline<Tree<NdArray>>): Promise<Panel> {
  const objective = reinforce({ baseline });
  const step = compile((logits: Tensor, state: Tree<Tensor>, key: Tensor) => {
    const distribution = broadcastTo(softmax(logits), [8, 5]);
    const { weights, logProb } = hard().select({} as never, { distribution, mask: null, state: {}, key });
    const reward = sum(mul(weights, constant(array(logLikelihoods))), -1);
    const given = { logLikelihood: expandDims(reward, 1), logProb: expandDims(logProb!, 1) };
    const { loss, state: next } = objective.loss({} as never, given, state);
    return { logits: sub(logits, gradients(loss, [logits])[0]!), state: next };
  });
  let [logits, state] = [zeros([1, 5]), objective.begin() as Tree<NdArray>];
  const shown = [0, 5, 10, 40];
  const weights: (readonly number[])[] = [];
  for (const update of range(41)) {
    if (shown.includes(update)) weights.push((await rowsBy((x) => softmax(x), await matrixOf(logits, 5)))[0]!);
    const next = await step(logits, state, foldIn(randomKey(3), update));
    [logits, state] = [next.logits, next.state as Tree<NdArray>];
  }
  await step.dispose();
  return { title, rows: shown.map(String), columns, weights };
}

export async function reinforceFigure(): Promise<PanelFigure> {
  return {
    title: "What one step looks at after 0, 5, 10 and 40 updates by REINFORCE, with three baselines",
    panels: [
      await learning("noBaseline", noBaseline),
      await learning("movingAverage", movingAverage()),
      await learning("leaveOneOut, 8", leaveOneOut({ samples: 8 })),
    ],
  };
}

// Four steps over five positions: the second step's target is explained by the last position as well as by the second.
const scores = [
  [1, 0.6, 0, 0, 0],
  [0, 0.5, 0, 0, 0.9],
  [0, 0.3, 0.6, 0.5, 0],
  [0, 0, 0, 0.4, 0.8],
];
const fits = [
  [2.5, 0.5, 0, 0, 0],
  [0, 2.2, 0, 0, 2.2],
  [0, 0, 2.2, 0.5, 0],
  [0, 0, 0, 1.2, 2],
];
const rows = range(4).map((t) => `step ${t}`);

/** How likely each position is once the target is known: minus the gradient of the loss, for N steps. */
async function posterior(title: string, objective: PositionObjective<Record<never, never>>): Promise<Panel> {
  const result = await evaluate(
    (distributions: Tensor, logLikelihood: Tensor) => {
      const { loss } = objective.loss({} as never, { distributions, logLikelihoods: logLikelihood }, {});
      return mul(gradients(loss, [logLikelihood])[0]!, -scores.length);
    },
    array([await rowsBy((x) => softmax(x), scores)] as Nested),
    array([fits.map((row) => row.map((x) => x - 3))] as Nested),
  );
  return { title, rows, columns, weights: clip(await matrixOf(result, 5)) };
}

/** Rounding may leave a probability a little outside of 0 to 1. */
function clip(weights: Matrix): Matrix {
  return weights.map((row) => row.map((weight) => (weight < 1e-6 ? 0 : Math.min(1, weight))));
}

export async function marginalFigure(): Promise<PanelFigure> {
  return {
    title: "Where the model looks, and where it looked once the target is known: each step alone, and in order",
    panels: [
      { title: "α, before the target", rows, columns, weights: await rowsBy((x) => softmax(x), scores) },
      await posterior("marginal", marginal),
      await posterior("monotonicMarginal", monotonicMarginal()),
    ],
  };
}

export async function variationalFigure(): Promise<PanelFigure> {
  const prior = array([await rowsBy((x) => softmax(x), scores)] as Nested);
  const likelihoods = array([fits.map((row) => row.map((x) => x - 3))] as Nested);
  const descend = compile((logits: Tensor, distributions: Tensor, logLikelihood: Tensor) => {
    const given = { distributions, logLikelihoods: logLikelihood, posteriors: softmax(logits) };
    const { loss } = variational.loss({} as never, given, {});
    return sub(logits, mul(gradients(loss, [logits])[0]!, 4));
  });
  const shown: Panel[] = [];
  let logits = zeros([1, 4, 5]);
  for (const update of range(31)) {
    if (update === 0 || update === 30)
      shown.push({
        title: `q, update ${update}`,
        rows,
        columns,
        weights: await rowsBy((x) => softmax(x), await matrixOf(logits, 5)),
      });
    logits = await descend(logits, prior, likelihoods);
  }
  await descend.dispose();
  return {
    title: "The posterior q, as it descends on the bound, becomes the exact one",
    panels: [...shown, await posterior("exact", marginal)],
  };
}
