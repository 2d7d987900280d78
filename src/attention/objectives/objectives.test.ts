// Objectives: the exact ones against enumeration, all against differences, what is detached, averages, empty rows, refusals.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { softmax } from "../../core/ops/softmax.ts";
import { constant, input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import { evaluate } from "../../engine/compile.ts";
import { expectDifferences, onReference, type RefGiven } from "../selections/differences.cases.ts";
import { learnedBaseline, leaveOneOut, movingAverage, noBaseline, selfCritical, type Baseline } from "./baselines.ts";
import type { AlignmentObjective, ObjectiveResult, PositionSteps, SampledSteps } from "./contract.ts";
import { marginal, marginalLogLikelihood } from "./marginal.ts";
import { monotonicLogLikelihood, monotonicMarginal, type Movement } from "./monotonic-marginal.ts";
import { reinforce } from "./reinforce.ts";
import type { Credit } from "./score-function.ts";
import { alignmentKl, sampledVariational, variational } from "./variational.ts";

const [B, U, S] = [2, 3, 4];
const draw = rng(5);
const normal = (...shape: number[]): RefGiven => ({ shape, data: [...(draw.normal(shape, 1).data as Float32Array)] });
const bools = (rows: readonly (readonly number[])[]): RefGiven => ({
  shape: [rows.length, rows[0]!.length],
  data: rows.flat(),
  dtype: "bool",
});

const scores = normal(B, U, S);
const logits = normal(B, U, S);
const posteriorScores = normal(B, U, S);
const mask = bools([
  [1, 1, 1, 1],
  [1, 0, 1, 1],
]);
const steps = bools([
  [1, 1, 1],
  [1, 1, 0],
]);
const given = { scores, logits, posteriorScores, mask, steps };
const evaluateAny = evaluate as never as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
type Given = Readonly<Record<keyof typeof given, Tensor>>;

/** Distributions over the allowed positions; likelihoods of a two-symbol target. */
function positions(t: Given): PositionSteps {
  const blocked = mul(constant([[[0, 0, 0, 0]], [[0, -1e4, 0, 0]]]), 1);
  const logP = (x: Tensor): Tensor => mul(add(mul(x, x), 0.2), -1);
  return {
    distributions: softmax(add(t.scores, blocked)),
    logLikelihoods: logP(t.logits),
    posteriors: softmax(add(t.posteriorScores, blocked)),
    mask: t.mask,
    steps: t.steps,
  };
}

/** The same numbers in plain JavaScript: [b][t][s]. */
function plain(x: RefGiven): number[][][] {
  return Array.from({ length: B }, (_, b) =>
    Array.from({ length: U }, (_, t) => Array.from({ length: S }, (_, s) => x.data[(b * U + t) * S + s]!)),
  );
}
const softmaxOf = (x: readonly number[], allowed: readonly number[]): number[] => {
  const e = x.map((v, s) => (allowed[s] ? Math.exp(v) : 0));
  return e.map((v) => v / e.reduce((a, b) => a + b, 0));
};
const allowed = [
  [1, 1, 1, 1],
  [1, 0, 1, 1],
];
const alpha = plain(scores).map((row, b) => row.map((x) => softmaxOf(x, allowed[b]!)));
const q = plain(posteriorScores).map((row, b) => row.map((x) => softmaxOf(x, allowed[b]!)));
const likelihood = plain(logits).map((row) => row.map((x) => x.map((v) => Math.exp(-(v * v + 0.2)))));
const lengths = [3, 2];
const N = 5;

/** Every alignment of `length` steps. */
const alignments = (length: number): number[][] =>
  length === 0 ? [[]] : alignments(length - 1).flatMap((a) => Array.from({ length: S }, (_, s) => [...a, s]));
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const lossOf = (objective: AlignmentObjective, t: Given): ObjectiveResult =>
  (objective as typeof marginal).loss({}, positions(t), {});

describe("marginal", () => {
  test("is the sum over all alignments, one by one", () => {
    const expected = lengths.map((length, b) =>
      Math.log(
        total(alignments(length).map((a) => a.reduce((p, s, t) => p * alpha[b]![t]![s]! * likelihood[b]![t]![s]!, 1))),
      ),
    );
    const [loss] = onReference(given, (t) => [lossOf(marginal, t).loss]);
    expect(loss![0]).toBeCloseTo(-total(expected) / N, 12);
  });

  test("its gradient in the log-likelihoods is the posterior, and all gradients are differences", () => {
    const [grad] = onReference(given, (t) => {
      const p = positions(t);
      return gradients(mul(sum(marginalLogLikelihood(p)), 1), [p.logLikelihoods]);
    });
    const posterior = alpha.flatMap((row, b) =>
      row.flatMap((a, t) => {
        const joint = a.map((v, s) => v * likelihood[b]![t]![s]!);
        return joint.map((v) => v / total(joint));
      }),
    );
    expectClose(grad!, posterior, { rtol: 1e-12 });
    expectDifferences(given, (t) => lossOf(marginal, t).loss, { wrt: ["scores", "logits"] });
  });

  test("holds in log space where probabilities underflow", async () => {
    const fn = (l: Tensor): unknown => {
      const distributions = softmax(constant([[[0, 1, 2]]]));
      const loss = sum(marginalLogLikelihood({ distributions, logLikelihoods: l }));
      return { loss, grad: gradients(loss, [l])[0]! };
    };
    const out = await evaluateAny(fn, new NdArray("float32", [1, 1, 3], Float32Array.of(-900, -1000, -901)));
    const w = softmaxOf([0, 1, 2], [1, 1, 1]);
    expect(Number(out["loss"]!.data[0])).toBeCloseTo(-900 + Math.log(w[0]! + w[2]! * Math.exp(-1)), 3);
    expect((out["grad"]!.data as Float32Array).every(Number.isFinite)).toBe(true);
  });
});

describe.each(["stay", "advance"] as readonly Movement[])("monotonicMarginal, %s", (movement) => {
  const moves = (from: number, to: number): boolean => (movement === "stay" ? to >= from : to > from);
  /** p(a) of the renormalised chain. */
  const chain = (b: number, a: readonly number[]): number =>
    a.reduce((p, s, t) => {
      if (t === 0) return p * alpha[b]![0]![s]!;
      const reach = total(alpha[b]![t]!.filter((_, r) => moves(a[t - 1]!, r)));
      return moves(a[t - 1]!, s) && reach > 0 ? (p * alpha[b]![t]![s]!) / reach : 0;
    }, 1);
  const byEnumeration = lengths.map((length, b) =>
    Math.log(total(alignments(length).map((a) => chain(b, a) * a.reduce((p, s, t) => p * likelihood[b]![t]![s]!, 1)))),
  );

  test("is the sum over all monotonic alignments, one by one", () => {
    const [logLikelihood] = onReference(given, (t) => [monotonicLogLikelihood(positions(t), movement)]);
    expectClose(logLikelihood!, byEnumeration, { rtol: 1e-12 });
    const [loss] = onReference(given, (t) => [lossOf(monotonicMarginal({ movement }), t).loss]);
    expect(loss![0]).toBeCloseTo(-total(byEnumeration) / N, 12);
  });

  test("is the backward recursion, a second way to sum", () => {
    const backward = lengths.map((length, b) => {
      let later = new Array<number>(S).fill(1);
      for (let t = length - 1; t > 0; t--) {
        const next = later;
        later = Array.from({ length: S }, (_, r) => {
          const reach = total(alpha[b]![t]!.filter((_, s) => moves(r, s)));
          return reach > 0
            ? total(alpha[b]![t]!.map((v, s) => (moves(r, s) ? (v / reach) * likelihood[b]![t]![s]! * next[s]! : 0)))
            : 0;
        });
      }
      return Math.log(total(alpha[b]![0]!.map((v, s) => v * likelihood[b]![0]![s]! * later[s]!)));
    });
    expectClose(backward, byEnumeration, { rtol: 1e-12 });
  });

  test("gradients are differences", () => {
    expectDifferences(given, (t) => lossOf(monotonicMarginal({ movement }), t).loss, { wrt: ["scores", "logits"] });
  });

  test("the native CPU agrees, gradients too", async () => {
    const fn = (t: Given): unknown => {
      const { loss } = lossOf(monotonicMarginal({ movement }), t);
      return [loss, ...gradients(loss, [t.scores, t.logits])];
    };
    const arrays = Object.fromEntries(
      Object.entries<RefGiven>(given).map(([name, { dtype = "float32", shape, data }]) => [
        name,
        new NdArray(dtype, shape, dtype === "bool" ? Uint8Array.from(data) : Float32Array.from(data)),
      ]),
    );
    const got = (await (evaluate as never as (...a: unknown[]) => Promise<NdArray[]>)(fn, arrays)).map(
      (a) => a.data as Float32Array,
    );
    onReference(given, (t) => fn(t) as Tensor[]).forEach((want, i) => expectClose(got[i]!, want, { rtol: 1e-5 }));
  });

  test("stays in log space over many steps", async () => {
    const [steps, n] = [60, 80];
    const logP = -8;
    const fn = (d: Tensor, l: Tensor): unknown => {
      const value = sum(monotonicLogLikelihood({ distributions: softmax(d), logLikelihoods: l }, movement));
      return { value, grad: gradients(value, [d])[0]! };
    };
    const d = rng(6).normal([1, steps, n], 3);
    const l = new NdArray("float32", [1, steps, n], new Float32Array(steps * n).fill(logP));
    const out = await evaluateAny(fn, d, l);
    // With one likelihood everywhere only the probability that is lost at the end remains: none where a step may stay.
    const value = Number(out["value"]!.data[0]);
    if (movement === "stay") expect(value).toBeCloseTo(steps * logP, 2);
    else expect(value).toBeLessThan(steps * logP);
    expect((out["grad"]!.data as Float32Array).every(Number.isFinite)).toBe(true);
  });
});

test("with `advance` a target longer than its source is impossible: Infinity, and gradients of 0", () => {
  const long = {
    d: normal(2, 4, 3),
    l: normal(2, 4, 3),
    steps: bools([
      [1, 1, 1, 1],
      [1, 1, 1, 0],
    ]),
  };
  const [value, ...grads] = onReference(long, ({ d, l, steps: counting }) => {
    const each = monotonicLogLikelihood({ distributions: softmax(d), logLikelihoods: l, steps: counting }, "advance");
    return [each, ...gradients(sum(each), [d, l])];
  });
  expect(value![0]).toBe(-Infinity);
  expect(Number.isFinite(value![1])).toBe(true);
  for (const g of grads) {
    expect(g.slice(0, 12).every((v) => v === 0)).toBe(true);
    expect(g.every(Number.isFinite)).toBe(true);
  }
});

describe("variational", () => {
  test("is the expectation under the posterior minus the divergence, one by one", () => {
    const expected = lengths.map((length, b) =>
      total(
        Array.from({ length }, (_, t) =>
          total(
            q[b]![t]!.map((w, s) =>
              w > 0 ? w * (Math.log(likelihood[b]![t]![s]!) - Math.log(w / alpha[b]![t]![s]!)) : 0,
            ),
          ),
        ),
      ),
    );
    const [loss, kl, nll] = onReference(given, (t) => {
      const result = lossOf(variational, t);
      return [result.loss, result.metrics["kl"]!, result.metrics["nll"]!];
    });
    expect(loss![0]).toBeCloseTo(-total(expected) / N, 12);
    expect(kl![0]! + nll![0]!).toBeCloseTo(loss![0]!, 12);
  });

  test("never undercuts the marginal loss, and meets it at the true posterior, where nothing pulls on the posterior", () => {
    const [bound, exact, tight, pull] = onReference(given, (t) => {
      const p = positions(t);
      const truth = softmax(add(t.scores, add(p.logLikelihoods, constant([[[0, 0, 0, 0]], [[0, -1e4, 0, 0]]]))));
      const at = (posteriors: Tensor): Tensor => variational.loss({}, { ...p, posteriors }, {}).loss;
      const free = mul(truth, 1);
      // Along the simplex: a gradient that is the same at every position moves nothing.
      const [g] = gradients(at(free), [free]);
      return [at(p.posteriors!), lossOf(marginal, t).loss, at(truth), g!];
    });
    expect(bound![0]!).toBeGreaterThan(exact![0]!);
    expect(tight![0]).toBeCloseTo(exact![0]!, 12);
    for (const [b, t] of [
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 0],
      [1, 1],
    ] as const) {
      const row = pull!.slice((b * U + t) * S, (b * U + t + 1) * S).filter((_, s) => allowed[b]![s]);
      row.forEach((v) => expect(v).toBeCloseTo(row[0]!, 12));
    }
  });

  test("gradients are differences", () => {
    expectDifferences(given, (t) => lossOf(variational, t).loss, { wrt: ["scores", "logits", "posteriorScores"] });
  });

  test("the divergence of a posterior from a prior that has underflowed is large, not Infinity", () => {
    const [kl, grad] = onReference(
      { q: { shape: [1, 1, 2], data: [0.5, 0.5] }, p: { shape: [1, 1, 2], data: [1, 0] } },
      (t) => {
        const each = alignmentKl(t.q, t.p);
        return [each, gradients(sum(each), [t.q])[0]!];
      },
    );
    expect(kl![0]).toBeCloseTo(-Math.log(2) - 0.5 * Math.log(1e-30), 10);
    expect(grad!.every(Number.isFinite)).toBe(true);
  });
});

describe.each([
  ["marginal", marginal],
  ["monotonicMarginal", monotonicMarginal()],
  ["monotonicMarginal, advance", monotonicMarginal({ movement: "advance" })],
  ["variational", variational],
] as const)("%s", (_name, objective) => {
  const run = (d: readonly number[], l: readonly number[], m: readonly number[], c: readonly number[]) =>
    onReference(
      {
        d: { shape: [2, 2, 3], data: d },
        l: { shape: [2, 2, 3], data: l },
        m: { shape: [2, 3], data: m, dtype: "bool" },
        c: { shape: [2, 2], data: c, dtype: "bool" },
      },
      (t) => {
        const steps: PositionSteps = {
          distributions: t.d,
          logLikelihoods: t.l,
          mask: t.m,
          steps: t.c,
          posteriors: t.d,
        };
        const { loss } = objective.loss({}, steps, {});
        return [loss, ...gradients(loss, [t.d, t.l])];
      },
    );
  const d = [0.2, 0.5, 0.3, 0.6, 0.1, 0.3, 0, 0, 0, 0, 0, 0];
  const l = [-1, -2, -3, -0.5, -1, -2, -1, -1, -1, -1, -1, -1];

  test("a row that may look nowhere costs 0 and has gradients of 0; blocked positions have no influence, not even as NaN", () => {
    const plainRun = run(d, l, [1, 1, 1, 0, 0, 0], [1, 1, 1, 1]);
    expect(plainRun.flat().every(Number.isFinite)).toBe(true);
    expect(plainRun[1]!.slice(6)).toEqual(new Array(6).fill(0));
    expect(plainRun[2]!.slice(6)).toEqual(new Array(6).fill(0));
    const spoil = (x: readonly number[]): number[] => x.map((v, i) => (i < 6 ? v : NaN));
    expect(run(spoil(d), spoil(l), [1, 1, 1, 0, 0, 0], [1, 1, 1, 1])).toEqual(plainRun);
  });

  test("steps that do not count have no influence, and none at all gives 0", () => {
    const cut = run(d, l, [1, 1, 1, 0, 0, 0], [1, 0, 0, 0]);
    const changed = l.map((v, i) => (i >= 3 && i < 6 ? -77 : v));
    expect(run(d, changed, [1, 1, 1, 0, 0, 0], [1, 0, 0, 0])).toEqual(cut);
    expect(run(d, l, [1, 1, 1, 1, 1, 1], [0, 0, 0, 0])[0]![0]).toBeCloseTo(0, 12);
  });

  test("NaN at an allowed position of a step that counts is passed on", async () => {
    const fn = (t: Readonly<Record<string, Tensor>>): Tensor =>
      objective.loss({}, { distributions: t["d"]!, logLikelihoods: t["l"]!, posteriors: t["d"]! }, {}).loss;
    const place = (x: readonly number[]): NdArray =>
      new NdArray("float32", [1, 2, 3], Float32Array.from(x.slice(0, 6)));
    const evaluateLoss = evaluate as never as (...args: readonly unknown[]) => Promise<NdArray>;
    for (const bad of [[NaN], [NaN, NaN, NaN]])
      for (const spoiled of [
        { d: place([...bad, ...d.slice(bad.length)]), l: place(l) },
        { d: place(d), l: place([...bad, ...l.slice(bad.length)]) },
      ])
        expect((await evaluateLoss(fn, spoiled)).data[0]).toBeNaN();
  });
});

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

describe("what cannot be is refused", () => {
  const x = (...shape: number[]): Tensor => input(shape);
  const sampled: SampledSteps = { logLikelihood: x(4, 3), logProb: x(4, 3) };
  const use = (baseline: Baseline, more: Partial<SampledSteps> = {}): unknown =>
    reinforce({ baseline }).loss({ weight: x(2, 1) } as never, { ...sampled, ...more }, {});
  test.each([
    [() => reinforce({ rewardScale: -1 }), "reinforce: rewardScale must be a finite number >= 0, got -1"],
    [() => reinforce({ entropyBonus: NaN }), "reinforce: entropyBonus must be a finite number >= 0, got NaN"],
    [
      () => reinforce({ credit: "past" as never }),
      'reinforce: credit must be among future, sequence, step, got "past"',
    ],
    [
      () => reinforce({ gamma: 1 } as never),
      'reinforce: options must be among baseline, credit, rewardScale, entropyBonus, got "gamma"',
    ],
    [
      () => sampledVariational({ entropyBonus: 1 } as never),
      'sampledVariational: options must be among baseline, credit, got "entropyBonus"',
    ],
    [() => movingAverage({ decay: 1 }), "movingAverage: decay must lie in 0 <= decay < 1, got 1"],
    [() => movingAverage({ rate: 1 } as never), 'movingAverage: options must be among decay, got "rate"'],
    [() => learnedBaseline({ featureSize: 0 }), "learnedBaseline: featureSize must be an integer >= 1, got 0"],
    [
      () => learnedBaseline({ featureSize: 2, weight: 0 }),
      "learnedBaseline: weight must be a finite number > 0, got 0",
    ],
    [() => learnedBaseline(undefined as never), "learnedBaseline: featureSize must be an integer >= 1, got NaN"],
    [
      () => leaveOneOut({ samples: 1 }),
      "leaveOneOut: samples must be an integer >= 2, got 1. With one there is no other.",
    ],
    [
      () => use(leaveOneOut({ samples: 3 })),
      "leaveOneOut: the batch must hold 3 rows for each example, got float32[4, 3]",
    ],
    [() => use(selfCritical), "selfCritical: greedyReward must be handed in, got undefined"],
    [() => use(learnedBaseline({ featureSize: 2 })), "learnedBaseline: features must be handed in, got undefined"],
    [
      () => use(learnedBaseline({ featureSize: 2 }), { features: x(4, 2, 2) }),
      "learnedBaseline: axis U is 3 in logLikelihood axis 1 but 2 in features axis 1",
    ],
    [
      () => use(noBaseline, { logProb: x(4, 2) }),
      "reinforce: axis U is 3 in logLikelihood axis 1 but 2 in logProb axis 1",
    ],
    [
      () => reinforce({ baseline: noBaseline, entropyBonus: 1 }).loss({}, sampled, {}),
      "reinforce: entropy must be handed in, got undefined",
    ],
    [
      () => monotonicMarginal({ movement: "jump" as never }),
      'monotonicMarginal: movement must be among stay, advance, got "jump"',
    ],
    [
      () => monotonicMarginal({ strict: true } as never),
      'monotonicMarginal: options must be among movement, got "strict"',
    ],
    [
      () => marginal.loss({}, { distributions: x(2, 3, 4), logLikelihoods: x(2, 3, 5) }, {}),
      "marginal: axis S is 4 in distributions axis 2 but 5 in logLikelihoods axis 2",
    ],
    [
      () => variational.loss({}, { distributions: x(2, 3, 4), logLikelihoods: x(2, 3, 4) }, {}),
      "variational: posteriors must be handed in, got undefined",
    ],
  ])("%#", (make, message) => {
    expect(make).toThrow(message);
  });
});
