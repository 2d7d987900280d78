// Score-function objectives: value and gradients written out by hand, what is detached, averages, what does not count.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import { onReference } from "../selections/differences.cases.ts";
import { learnedBaseline, leaveOneOut, movingAverage, noBaseline, selfCritical, type Baseline } from "./baselines.ts";
import type { SampledSteps } from "./contract.ts";
import { reinforce } from "./reinforce.ts";
import type { Credit } from "./score-function.ts";
import { sampledVariational, variational } from "./variational.ts";
import { B, bools, given, lossOf, N, normal, positions, total, U } from "./objectives.cases.ts";

describe("reinforce", () => {
  const run = {
    logLikelihood: normal(4, 3),
    logProb: normal(4, 3),
    entropy: normal(4, 3),
    greedyReward: normal(4, 3),
    features: normal(4, 3, 2),
    weight: normal(2, 1),
    bias: normal(1),
    steps: bools([
      [1, 1, 1],
      [1, 1, 1],
      [1, 0, 0],
      [1, 0, 0],
    ]),
  };
  const counts = [1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0];
  const n = 8;
  const returnsOf = (x: readonly number[], credit: Credit): number[] =>
    x.map((_, i) => {
      const [b, t] = [Math.floor(i / 3), i % 3];
      const row = [0, 1, 2].map((u) => x[b * 3 + u]! * counts[b * 3 + u]!);
      if (credit === "step") return row[t]!;
      return credit === "future" ? total(row.slice(t)) : total(row);
    });
  const history = { total: 0.19 * -1.5, weight: 0.19 };
  const baselines: readonly (readonly [string, Baseline, (returns: number[], credit: Credit) => number[]])[] = [
    ["none", noBaseline, (r) => r.map(() => 0)],
    [
      "movingAverage",
      movingAverage(),
      (_, credit) =>
        returnsOf(
          counts.map((c) => c * -1.5),
          credit,
        ),
    ],
    [
      "learned",
      learnedBaseline({ featureSize: 2 }),
      (r) =>
        r.map(
          (_, i) =>
            run.features.data[2 * i]! * run.weight.data[0]! +
            run.features.data[2 * i + 1]! * run.weight.data[1]! +
            run.bias.data[0]!,
        ),
    ],
    ["selfCritical", selfCritical, (_, credit) => returnsOf(run.greedyReward.data, credit)],
    ["leaveOneOut", leaveOneOut({ samples: 2 }), (r) => r.map((_, i) => r[(Math.floor(i / 3) ^ 1) * 3 + (i % 3)]!)],
  ];
  const each = baselines.flatMap((b) =>
    (["future", "sequence", "step"] as const).map((credit) => [...b, credit] as const),
  );

  test.each(each)(
    "%s: value and gradients are those written out by hand, and nothing else is reached",
    (_n, baseline, by, credit) => {
      const objective = reinforce({ baseline, credit, rewardScale: 0.7, entropyBonus: 0.3 });
      const [loss, dLikelihood, dLogProb, dEntropy, dGreedy, dFeatures, dWeight, reward, advantage] = onReference(
        run,
        (t) => {
          const { weight, bias, ...steps } = t;
          const state = { total: constant(history.total), weight: constant(history.weight) };
          const result = objective.loss({ weight, bias } as never, steps, state);
          const { logLikelihood, logProb, entropy, greedyReward, features } = steps;
          return [
            result.loss,
            ...gradients(result.loss, [logLikelihood, logProb, entropy, greedyReward, features, weight]),
            result.metrics["reward"]!,
            result.metrics["advantage"]!,
          ];
        },
      );
      const returns = returnsOf(run.logLikelihood.data, credit);
      const against = by(returns, credit);
      const A = returns.map((r, i) => counts[i]! * (r - against[i]!));
      const l = run.logLikelihood.data.map((v, i) => v * counts[i]!);
      const error = baseline.name === "learned" ? total(A.map((a) => a * a)) / n : 0;
      const value =
        -(
          total(l) +
          0.7 * total(A.map((a, i) => a * run.logProb.data[i]!)) +
          0.3 * total(run.entropy.data.map((h, i) => h * counts[i]!))
        ) /
          n +
        error;
      expect(loss![0]).toBeCloseTo(value, 12);
      expectClose(
        dLikelihood!,
        counts.map((c) => -c / n),
        { rtol: 1e-12 },
      );
      expectClose(
        dLogProb!,
        A.map((a) => (-0.7 * a) / n),
        { rtol: 1e-12 },
      );
      expectClose(
        dEntropy!,
        counts.map((c) => (-0.3 * c) / n),
        { rtol: 1e-12 },
      );
      expect([...dGreedy!, ...dFeatures!].every((v) => v === 0)).toBe(true);
      const slope = [0, 1].map((f) =>
        baseline.name === "learned" ? (-2 * total(A.map((a, i) => a * run.features.data[2 * i + f]!))) / n : 0,
      );
      expectClose(dWeight!, slope, { rtol: 1e-12 });
      expect(reward![0]).toBeCloseTo(total(l) / n, 12);
      expect(advantage![0]).toBeCloseTo(total(A.map((a) => a * a)) / n, 12);
    },
  );

  test("another reward credits the choices; the likelihood is learned all the same", () => {
    const rewards = { ...run, reward: normal(4, 3) };
    const [dLikelihood, dLogProb, dReward] = onReference(rewards, (t) => {
      const { loss } = reinforce({ baseline: noBaseline, credit: "step" }).loss({}, t, {});
      return gradients(loss, [t.logLikelihood, t.logProb, t.reward]);
    });
    expectClose(
      dLikelihood!,
      counts.map((c) => -c / n),
      { rtol: 1e-12 },
    );
    expectClose(
      dLogProb!,
      rewards.reward.data.map((r, i) => (-r * counts[i]!) / n),
      { rtol: 1e-12 },
    );
    expect(dReward!.every((v) => v === 0)).toBe(true);
  });

  test("the moving average is handed on: compared with the updates before, never with its own", () => {
    const baseline = movingAverage({ decay: 0.5 });
    const objective = reinforce({ baseline });
    const rewards = [-4, -2, -1];
    const seen = onReference({ zero: { shape: [1, 1], data: [0] } }, ({ zero }) => {
      let state: unknown = mapTree<unknown, NdArray, Tensor>(objective.begin(), (a) => constant(a));
      return rewards.flatMap((r) => {
        const steps: SampledSteps = { logLikelihood: add(zero, r), logProb: zero };
        const result = objective.loss({}, steps, state as never);
        state = result.state;
        return [result.metrics["baseline"]!];
      });
    });
    // (0.25 -4 + 0.5 -2) / 0.75 after two.
    expectClose(seen.flat(), [0, -4, -2 - 2 / 3], { rtol: 1e-12 });
  });

  test("a batch in which nothing counts costs 0, with gradients of 0; what does not count may be NaN", () => {
    const spoiled = {
      l: { shape: [1, 2], data: [NaN, NaN] },
      p: { shape: [1, 2], data: [NaN, NaN] },
      steps: bools([[0, 0]]),
    };
    const out = onReference(spoiled, ({ l, p, steps: none }) => {
      const objective = reinforce();
      const state = mapTree<unknown, NdArray, Tensor>(objective.begin(), (a) => constant(a)) as never;
      const { loss } = objective.loss({}, { logLikelihood: l, logProb: p, entropy: p, steps: none }, state);
      return [loss, ...gradients(loss, [l, p])];
    });
    expect(out.flat().every((v) => v === 0)).toBe(true);
  });
});

test("sampledVariational: value and gradients are those written out by hand", () => {
  const run = { ...given, l: normal(B, U), logProb: normal(B, U) };
  const [loss, dl, dLogProb, kl] = onReference(run, (t) => {
    const p = positions(t);
    const sampled: SampledSteps = {
      logLikelihood: t.l,
      logProb: t.logProb,
      steps: t.steps,
      mask: t.mask,
      distributions: p.distributions,
      posteriors: p.posteriors!,
    };
    const objective = sampledVariational({ baseline: noBaseline, credit: "step" });
    const result = objective.loss({}, sampled, {});
    const exact = lossOf(variational, t);
    return [result.loss, ...gradients(result.loss, [t.l, t.logProb]), exact.metrics["kl"]!];
  });
  const c = [1, 1, 1, 1, 1, 0];
  const nll = -total(c.map((v, i) => v * run.l.data[i]!)) / N;
  const score = total(c.map((v, i) => v * run.l.data[i]! * run.logProb.data[i]!)) / N;
  expect(loss![0]).toBeCloseTo(nll + kl![0]! - score, 12);
  expectClose(
    dl!,
    c.map((v) => -v / N),
    { rtol: 1e-12 },
  );
  expectClose(
    dLogProb!,
    c.map((v, i) => (-v * run.l.data[i]!) / N),
    { rtol: 1e-12 },
  );
});
