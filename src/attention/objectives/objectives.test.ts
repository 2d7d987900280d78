// Objectives: the exact ones against enumeration, all against differences, empty rows, refusals.

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
import { evaluate } from "../../engine/compile.ts";
import { expectDifferences, onReference, type RefGiven } from "../selections/differences.cases.ts";
import { learnedBaseline, leaveOneOut, movingAverage, noBaseline, selfCritical, type Baseline } from "./baselines.ts";
import type { PositionSteps, SampledSteps } from "./contract.ts";
import { marginal, marginalLogLikelihood } from "./marginal.ts";
import { monotonicLogLikelihood, monotonicMarginal, type Movement } from "./monotonic-marginal.ts";
import { reinforce } from "./reinforce.ts";
import { alignmentKl, sampledVariational, variational } from "./variational.ts";
import {
  allowed,
  alpha,
  alignments,
  bools,
  evaluateAny,
  given,
  lengths,
  likelihood,
  lossOf,
  N,
  normal,
  positions,
  q,
  S,
  softmaxOf,
  total,
  U,
  type Given,
} from "./objectives.cases.ts";

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
    [
      () => learnedBaseline(undefined as never),
      "learnedBaseline: options must be an object with featureSize, weight, got undefined",
    ],
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
