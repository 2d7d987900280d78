// A model of two layers, observed and measured from end to end: the pieces fit.

import { expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import { broadcastTo, reshape } from "../../core/ops/movement.ts";
import { mean, sum } from "../../core/ops/reduce.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { keyPadding } from "../masks/key-padding.ts";
import type { MultiHeadParams } from "../multi-head/params.ts";
import { observe } from "../observe/observe.ts";
import { attentionFlow } from "./attention-flow.ts";
import { gradientTimesWeights, relevanceRollout } from "./gradient-times-weights.ts";
import { headImportance } from "./head-importance.ts";
import { leaveOneOutChange } from "./leave-one-out.ts";
import { meanDistance } from "./mean-distance.ts";
import { B, elements, H, inputs, layerParams, model, N, siteNames, T } from "./model.cases.ts";
import { rollout } from "./rollout.ts";
import { sinkShare } from "./sink-share.ts";
import { spearman } from "./spearman.ts";
import { valueNormWeights } from "./value-norm-weights.ts";
import { weightEntropy } from "./weight-entropy.ts";
import { weightGradients } from "./weight-gradients.ts";

type Params = readonly MultiHeadParams<Tensor>[];
type Run = (...args: readonly unknown[]) => Promise<unknown>;
type Seen = Readonly<Record<string, Readonly<Record<string, NdArray>>>>;
const run = evaluate as unknown as Run;
const sums = (a: NdArray, length: number): number[] =>
  Array.from({ length: a.size / length }, (_, row) =>
    elements(a)
      .slice(row * length, (row + 1) * length)
      .reduce((x, y) => x + y, 0),
  );
const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

/** The result at the first position of each row, (B). */
const score = (params: Params, x: Tensor): Tensor => {
  const first = sliceAxis(model(params, x).output, 1, 0, 1);
  return mean(reshape(mul(first, first), [first.shape[0]!, N]), -1);
};

test("what is observed is measured", async () => {
  const seenBy = (level: "full" | "summary"): Promise<unknown> => run(observe(model, "layer.*", { level }), layerParams, inputs); // prettier-ignore
  const { result, seen } = (await seenBy("full")) as { result: { values: readonly NdArray[] }; seen: Seen };
  const { seen: short } = (await seenBy("summary")) as { seen: Seen };
  expect(Object.keys(seen)).toEqual(siteNames);
  const layers = siteNames.map((site) => seen[site]!["weights"]!);

  // The measures of the host say what the graph's own summary says.
  const close = { rtol: 1e-5, atol: 1e-6 };
  siteNames.forEach((site, i) => {
    const { entropy, share } = weightEntropy(layers[i]!);
    expectClose(elements(entropy), elements(short[site]!["entropy"]!), close);
    expectClose(elements(share), elements(entropy).map((nats) => nats / Math.log(T)), close); // prettier-ignore
    expectClose(elements(meanDistance(layers[i]!)), elements(short[site]!["distance"]!), close);
    expectClose(elements(sinkShare(layers[i]!)), elements(short[site]!["sink"]!), close);
  });

  const rolled = rollout(layers);
  expect(rolled.shape).toEqual([B, T, T]);
  expectClose(sums(rolled, T), ones(B * T), close);
  expect(attentionFlow(layers, 0).shape).toEqual([B, T]);

  // Vectors are at most as long together as one by one.
  const { perHead, joint } = valueNormWeights(layers[1]!, result.values[1]!, layerParams[1]!.output.weight);
  elements(joint).forEach((norm, i) => {
    const [b, pair] = [Math.floor(i / (T * T)), i % (T * T)];
    const apart = Array.from({ length: H }, (_, h) => elements(perHead)[(b * H + h) * T * T + pair]!);
    expect(norm).toBeLessThanOrEqual(apart.reduce((x, y) => x + y, 0) + 1e-6);
  });
});

test("gradients and importances come from the same function, compiled", async () => {
  const importance = (await run(headImportance(score), layerParams, inputs)) as Record<string, NdArray>;
  expect(Object.keys(importance)).toEqual(siteNames);
  const explained = (await run(weightGradients((p: Params, x: Tensor) => sum(score(p, x)), "layer.*"), layerParams, inputs)) as {
    sites: Record<string, { weights: NdArray; gradients: NdArray }>;
  }; // prettier-ignore
  // A gate scales all weights of its head: dL/dxi_h of an example is the sum of dL/dA * A over the head.
  for (const site of siteNames) {
    const { weights, gradients } = explained.sites[site]!;
    const slopes = elements(weights).map((w, i) => w * elements(gradients)[i]!);
    const each = Array.from({ length: B * H }, (_, bh) => slopes.slice(bh * T * T, (bh + 1) * T * T).reduce((a, b) => a + b, 0)); // prettier-ignore
    const expected = Array.from({ length: H }, (_, h) =>
      Array.from({ length: B }, (_, b) => Math.abs(each[b * H + h]!) / B).reduce((a, b) => a + b, 0),
    );
    expect(importance[site]!.shape).toEqual([H]);
    expectClose(elements(importance[site]!), expected, { rtol: 1e-4, atol: 1e-6 });
    expect(gradientTimesWeights(weights, gradients).shape).toEqual([B, T, T]);
  }
  // Only the first position of the last layer leads to the result.
  const above = elements(explained.sites[siteNames[1]!]!.gradients);
  expect(above.every((g, i) => g === 0 || Math.floor(i / T) % T === 0)).toBe(true);
  const relevance = relevanceRollout(siteNames.map((site) => explained.sites[site]!));
  expect(relevance.shape).toEqual([B, T, T]);
  expect(elements(relevance).every((r) => r >= 0)).toBe(true);
});

test("weights are held against leaving keys out", async () => {
  const one = (x: Tensor): Tensor => sliceAxis(x, 0, 0, 1);
  const scoreOfKept = (params: Params, x: Tensor, keep: Tensor): Tensor => {
    const rows = broadcastTo(one(x), [keep.shape[0]!, T, N]);
    return mean(sliceAxis(model(params, rows, keyPadding(keep)).output, 1, 0, 1), [1, 2]);
  };
  const { whole, changes } = await leaveOneOutChange(
    async (keep) => (await run(scoreOfKept, layerParams, inputs, keep)) as NdArray,
    T,
    { batchSize: 4 },
  );
  const plain = (await run((p: Params, x: Tensor) => mean(sliceAxis(model(p, one(x)).output, 1, 0, 1)), layerParams, inputs)) as NdArray; // prettier-ignore
  expectClose([whole], elements(plain), { rtol: 1e-5 });
  const { seen } = (await run(observe(model, "layer.*"), layerParams, inputs)) as { seen: Seen };
  const rolled = elements(rollout(siteNames.map((site) => seen[site]!["weights"]!))).slice(0, T);
  const rho = spearman(rolled, elements(changes).map(Math.abs));
  expect(rho).toBeGreaterThanOrEqual(-1);
  expect(rho).toBeLessThanOrEqual(1);
});
