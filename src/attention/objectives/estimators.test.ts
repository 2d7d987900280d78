// Estimators against the exact gradient, which the laboratory enumerates: unbiased ones lie within four standard errors,
// biased ones have their bias measured. Samples are rows of one batch, so that each row's gradient is one estimate.

import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { zeros, type NdArray } from "../../core/ndarray.ts";
import { add, mul, sub } from "../../core/ops/binary.ts";
import { stack } from "../../core/ops/concat.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { broadcastTo, expandDims, reshape, squeeze } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { softmax } from "../../core/ops/softmax.ts";
import { constant, input } from "../../core/ops/source.ts";
import { tanh } from "../../core/ops/unary.ts";
import { foldIn, randomKey, rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile, evaluate } from "../../engine/compile.ts";
import type { Selection, SelectionResult } from "../contract.ts";
import { argMax } from "../selections/arg-max.ts";
import { onReference } from "../selections/differences.cases.ts";
import { hard } from "../selections/hard.ts";
import { gumbelSoftmax, straightThrough } from "../selections/relaxed.ts";
import { soft } from "../selections/soft.ts";
import { subset } from "../selections/subset.ts";
import { learnedBaseline, leaveOneOut, movingAverage, noBaseline, selfCritical, type Baseline } from "./baselines.ts";
import { exactGradient, expectedSubsetValue, expectedValue } from "./exact.ts";
import { reinforce } from "./reinforce.ts";
import type { Credit } from "./score-function.ts";
import { sampledVariational, variational } from "./variational.ts";

const [S, V] = [4, 3];
const N = 24_000;
const K = 4;
const draw = rng(21);
const [theta, values, first, second] = [
  draw.normal([1, S], 0.8),
  draw.normal([S, V], 1),
  draw.normal([V, 1], 1.2),
  draw.normal([V, S], 1),
];
const key = randomKey(77);
const evaluateAny = evaluate as never as (...args: readonly unknown[]) => Promise<NdArray[]>;

/** log p of a step from its weights (B, S) -> (B): curved, and low enough for a baseline to matter. */
const likelihood = (weights: Tensor, shift = 0): Tensor => {
  const seen = squeeze(matmul(matmul(weights, constant(values)), constant(first)), 1);
  const off = sub(tanh(seen), 0.4 + shift);
  return sub(mul(mul(off, off), -2), 1.5);
};

/** Scores of the second step (B, S): theirs depend on what the first looked at. */
const secondScores = (scores: Tensor, weights: Tensor): Tensor =>
  add(mul(scores, -0.5), matmul(matmul(weights, constant(values)), constant(second)));

const asRows = (t: Tensor, rows = N): Tensor => broadcastTo(t, [rows, S]);
const choose = (selection: Selection<Record<never, never>>, scores: Tensor, k: Tensor | null): SelectionResult =>
  selection.select({} as never, { distribution: softmax(scores), mask: null, key: k, state: {} });

interface Estimate {
  readonly mean: number[];
  readonly standardError: number[];
  /** Trace of the covariance of one sample's estimate. */
  readonly variance: number;
}

/** Mean and spread of estimates, one a group of `group` rows (the mean of the group). */
function summarize(data: ArrayLike<number>, group = 1): Estimate {
  const count = data.length / S / group;
  const each = Array.from({ length: count }, (_, g) =>
    Array.from({ length: S }, (_, s) => {
      let total = 0;
      for (let k = 0; k < group; k++) total += data[(g * group + k) * S + s]!;
      return total / group;
    }),
  );
  const mean = Array.from({ length: S }, (_, s) => each.reduce((t, row) => t + row[s]!, 0) / count);
  const spread = mean.map((m, s) => each.reduce((t, row) => t + (row[s]! - m) ** 2, 0) / (count - 1));
  return {
    mean,
    standardError: spread.map((v) => Math.sqrt(v / count)),
    // Of one sample, so that groups can be compared with single ones.
    variance: group * spread.reduce((a, b) => a + b, 0),
  };
}

const report: string[] = [];
afterAll(() =>
  console.log(["estimator: distance from the exact gradient, variance of one sample", ...report].join("\n")),
);

const distance = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((v, i) => v - b[i]!));
/** The distance in standard errors, the largest over the coordinates. */
const deviation = (e: Estimate, exact: readonly number[]): number =>
  Math.max(...exact.map((v, s) => Math.abs(e.mean[s]! - v) / e.standardError[s]!));
const tell = (name: string, e: Estimate, exact: readonly number[]): void => {
  report.push(`  ${name.padEnd(36)} ${distance(e.mean, exact).toFixed(4)}  ${e.variance.toFixed(3)}`);
};
const scoresOf = { t: { shape: [1, S], data: [...(theta.data as Float32Array)] } };

/** Gradient of -E[sum of the steps' log p] in the scores, of one row, on the float64 reference. */
function exactly(steps: 1 | 2): number[] {
  const [g] = onReference(scoresOf, ({ t }) => {
    const after = (w1: Tensor): Tensor =>
      steps === 1
        ? likelihood(w1)
        : add(
            likelihood(w1),
            expectedValue(softmax(secondScores(t, w1)), (w2) => likelihood(w2, 0.5)),
          );
    return exactGradient(softmax(t), (w1) => mul(after(w1), -1), [t]);
  });
  return [...g!];
}

/** A prediction that has not learned anything: it must not bias the estimate, whatever it is. */
const guessed = { weight: constant([[0.4], [-0.2], [0.1], [0.3]]), bias: constant([-2]) };

/** Estimates of REINFORCE, a row each. */
async function reinforced(
  baseline: Baseline,
  credit: Credit,
  steps: 1 | 2,
  seed: number,
  learned: { readonly weight: Tensor; readonly bias: Tensor } = guessed,
): Promise<Float32Array> {
  const objective = reinforce({ baseline, credit });
  const state = { total: constant(-1.9), weight: constant(1) };
  const fn = (t: Tensor, k: Tensor): readonly Tensor[] => {
    const rows = mul(asRows(t), 1);
    const walk = (selection: Selection<Record<never, never>>, own: Tensor | null) => {
      const a = choose(selection, rows, own);
      const b = choose(selection, secondScores(rows, a.weights), own);
      return { a, b, l: [likelihood(a.weights), likelihood(b.weights, 0.5)] };
    };
    const run = walk(hard(), k);
    const greedy = walk(argMax, null);
    const upTo = (x: readonly Tensor[]): Tensor => stack(x.slice(0, steps), 1);
    const { loss } = objective.loss(
      learned as never,
      {
        logLikelihood: upTo(run.l),
        logProb: upTo([run.a.logProb!, run.b.logProb!]),
        greedyReward: upTo(greedy.l),
        // What each step knew: deliberately not detached here.
        features: upTo([rows, secondScores(rows, run.a.weights)]),
      },
      state,
    );
    return [mul(gradients(loss, [rows])[0]!, N * steps)];
  };
  const [g] = await evaluateAny(fn, theta, foldIn(key, seed));
  return g!.data as Float32Array;
}

test("the laboratory: the exact gradient is the derivative of the plain sum over choices", () => {
  const t = [...(theta.data as Float32Array)];
  const at = (x: readonly number[]): number =>
    onReference({ t: { shape: [1, S], data: x } }, ({ t: own }) => {
      const one = (s: number): Tensor => constant([Array.from({ length: S }, (_, i) => Number(i === s))]);
      const p1 = softmax(own);
      let total = constant([0]);
      for (let i = 0; i < S; i++)
        for (let j = 0; j < S; j++) {
          const p2 = softmax(secondScores(own, one(i)));
          const p = mul(sum(mul(p1, one(i)), 1), sum(mul(p2, one(j)), 1));
          total = sub(total, mul(p, add(likelihood(one(i)), likelihood(one(j), 0.5))));
        }
      return [total];
    })[0]![0]!;
  const moved = (i: number, by: number): number[] => t.map((v, j) => (i === j ? v + by : v));
  const differences = t.map((_, i) => (at(moved(i, 1e-5)) - at(moved(i, -1e-5))) / 2e-5);
  expectClose(exactly(2), differences, { rtol: 1e-8 });
});

test("the laboratory: subsets by enumeration are probabilities, one draw is a choice, and too many outcomes are refused", () => {
  const [ones, single, choice] = onReference(scoresOf, ({ t }) => {
    const p = softmax(t);
    return [
      expectedSubsetValue(p, 3, (w) => sum(w, 1)),
      expectedSubsetValue(p, 1, (w) => likelihood(w)),
      expectedValue(p, (w) => likelihood(w)),
    ];
  });
  expect(ones![0]).toBeCloseTo(1, 12);
  expect(single![0]).toBeCloseTo(choice![0]!, 12);
  expect(() => expectedValue(input([1, 5000]), (w) => sum(w, 1))).toThrow(
    "expectedValue: at most 4096 outcomes can be enumerated, got 5000 for float32[1, 5000]. Sample instead.",
  );
  expect(() => expectedSubsetValue(input([1, 3]), 4, (w) => sum(w, 1))).toThrow(
    "expectedSubsetValue: count must be from 1 to the positions of float32[1, 3], got 4",
  );
  expect(() => expectedValue(input([2, 3]), (w) => w)).toThrow(
    "expectedValue: value must have 1 axes (B), got float32[2, 3]",
  );
});

const baselines: readonly (readonly [string, Baseline, number])[] = [
  ["none", noBaseline, 1],
  ["movingAverage", movingAverage(), 1],
  ["learned", learnedBaseline({ featureSize: S }), 1],
  ["selfCritical", selfCritical, 1],
  ["leaveOneOut", leaveOneOut({ samples: K }), K],
];

describe("REINFORCE is unbiased: two steps, of which the second depends on the choice of the first", () => {
  const exact = exactly(2);
  const variances: Record<string, number> = {};
  const each = baselines.flatMap((b, i) =>
    (["future", "sequence"] as const).map((credit, j) => [...b, credit, 2 * i + j] as const),
  );
  test.each(each)("baseline %s", async (name, baseline, group, credit, seed) => {
    const found = summarize(await reinforced(baseline, credit, 2, seed), group);
    tell(`reinforce ${name}, ${credit}`, found, exact);
    variances[`${name} ${credit}`] = found.variance;
    expect(deviation(found, exact)).toBeLessThan(4);
  });

  test("every baseline lowers the variance of none, and so does crediting the future alone", () => {
    const none = variances["none future"]!;
    for (const [name] of baselines.slice(1)) expect(variances[`${name} future`]).toBeLessThan(none);
    expect(none).toBeLessThan(variances["none sequence"]!);
  });

  test("the learned baseline learns the return from its own error, and then varies least of those that see one run", async () => {
    const rows = 256;
    const objective = reinforce({ baseline: learnedBaseline({ featureSize: S }) });
    const fn = (p: { readonly weight: Tensor; readonly bias: Tensor }, t: Tensor, k: Tensor): unknown => {
      const own = asRows(t, rows);
      const a = choose(hard(), own, k);
      const next = secondScores(own, a.weights);
      const b = choose(hard(), next, k);
      const { loss, metrics } = objective.loss(
        p as never,
        {
          logLikelihood: stack([likelihood(a.weights), likelihood(b.weights, 0.5)], 1),
          logProb: stack([a.logProb!, b.logProb!], 1),
          features: stack([own, next], 1),
        },
        {},
      );
      const [weight, bias] = gradients(loss, [p.weight, p.bias]);
      const step = (x: Tensor, g: Tensor): Tensor => sub(x, mul(g, 0.03));
      return { p: { weight: step(p.weight, weight!), bias: step(p.bias, bias!) }, error: metrics["advantage"]! };
    };
    const update = compile(fn as never) as never as (
      ...args: readonly unknown[]
    ) => Promise<{ readonly p: { readonly weight: NdArray; readonly bias: NdArray }; readonly error: NdArray }>;
    let p = { weight: zeros([S, 1]), bias: zeros([1]) };
    const errors: number[] = [];
    for (let i = 0; i < 300; i++) {
      const result = await update(p, theta, foldIn(key, 2000 + i));
      p = result.p;
      errors.push(Number(result.error.data[0]));
    }
    expect(errors.at(-1)!).toBeLessThan(errors[0]! / 4);
    const fitted = { weight: constant(p.weight), bias: constant(p.bias) };
    const found = summarize(await reinforced(learnedBaseline({ featureSize: S }), "future", 2, 22, fitted));
    tell("reinforce learned and fitted, future", found, exact);
    expect(deviation(found, exact)).toBeLessThan(4);
    expect(found.variance).toBeLessThan(variances["movingAverage future"]!);
  });

  test("crediting a step alone is biased here, by what the choice changes later", async () => {
    const found = summarize(await reinforced(movingAverage(), "step", 2, 20));
    tell("reinforce movingAverage, step (biased)", found, exact);
    expect(deviation(found, exact)).toBeGreaterThan(8);
    expect(distance(found.mean, exact)).toBeGreaterThan(0.05);
  });

  test("where nothing depends on it, it is unbiased", async () => {
    const found = summarize(await reinforced(movingAverage(), "step", 1, 21));
    tell("reinforce movingAverage, one step", found, exactly(1));
    expect(deviation(found, exactly(1))).toBeLessThan(4);
  });
});

describe("other choices, one step", () => {
  const exact = exactly(1);

  /** Gradients of the rows' losses, as a selection's own weights carry them, plus REINFORCE where it tells a log-probability. */
  const estimates = async (
    selection: Selection<Record<never, never>>,
    seed: number,
    score: boolean,
  ): Promise<Estimate> => {
    const fn = (t: Tensor, k: Tensor): readonly Tensor[] => {
      const rows = mul(asRows(t), 1);
      const { weights, logProb } = choose(selection, rows, k);
      const logLikelihood = expandDims(likelihood(weights), 1);
      const loss = score
        ? reinforce({ baseline: movingAverage() }).loss(
            {},
            { logLikelihood, logProb: expandDims(logProb!, 1) },
            { total: constant(-1.9), weight: constant(1) },
          ).loss
        : mul(sum(logLikelihood), -1 / N);
      return [mul(gradients(loss, [rows])[0]!, N)];
    };
    const [g] = await evaluateAny(fn, theta, foldIn(key, seed));
    return summarize(g!.data as Float32Array);
  };

  test("subset: REINFORCE with the ordered sample's log-probability is unbiased for the expectation over subsets", async () => {
    const [over] = onReference(scoresOf, ({ t }) =>
      gradients(mul(sum(expectedSubsetValue(softmax(t), 2, (w) => likelihood(w))), -1), [t]),
    );
    const found = await estimates(subset({ count: 2 }), 30, true);
    tell("reinforce movingAverage, subset of 2", found, over!);
    expect(deviation(found, over!)).toBeLessThan(4);
    // Which is another loss than that of one draw.
    expect(distance([...over!], exact)).toBeGreaterThan(0.05);
  });

  test("semi-sampling: a call is unbiased for the hard loss, or has the gradient of the soft one exactly", async () => {
    const [softly] = onReference(scoresOf, ({ t }) =>
      gradients(mul(sum(likelihood(choose(soft, t, null).weights)), -1), [t]),
    );
    const seen = { soft: 0, hard: 0 };
    for (let seed = 40; seed < 46; seed++) {
      const found = await estimates(hard({ semiSampling: 0.5 }), seed, true);
      if (found.variance < 1e-9) {
        seen.soft++;
        expectClose(found.mean, softly!, { rtol: 1e-4 });
      } else {
        seen.hard++;
        expect(deviation(found, exact)).toBeLessThan(4);
      }
    }
    expect(Math.min(seen.soft, seen.hard)).toBeGreaterThan(0);
  });

  // Measured: the bias is a property of this problem, and the bounds say that it is there and how it goes with temperature.
  test("Gumbel-softmax and straight-through are biased: less, and with more variance, at low temperature", async () => {
    const found: Record<string, { readonly bias: number; readonly variance: number; readonly deviation: number }> = {};
    for (const [i, temperature] of [0.2, 0.5, 1, 2].entries())
      for (const [name, make] of Object.entries({ gumbelSoftmax, straightThrough })) {
        const e = await estimates(make({ temperature }), 50 + i, false);
        tell(`${name} ${temperature} (biased)`, e, exact);
        found[`${name} ${temperature}`] = {
          bias: distance(e.mean, exact) / Math.hypot(...exact),
          variance: e.variance,
          deviation: deviation(e, exact),
        };
      }
    // Recorded: the bias relative to the length of the exact gradient, at temperatures 0.2, 0.5, 1 and 2.
    const recorded = { gumbelSoftmax: [0.06, 0.15, 0.35, 0.61], straightThrough: [0.36, 0.43, 0.58, 0.75] };
    for (const [name, biases] of Object.entries(recorded))
      [0.2, 0.5, 1, 2].forEach((temperature, i) =>
        expect(Math.abs(found[`${name} ${temperature}`]!.bias - biases[i]!), `${name} ${temperature}`).toBeLessThan(
          0.04,
        ),
      );
    report.push(...Object.entries(found).map(([name, f]) => `  ${name.padEnd(22)} relative bias ${f.bias.toFixed(3)}`));
    for (const name of ["gumbelSoftmax", "straightThrough"]) {
      expect(found[`${name} 1`]!.deviation).toBeGreaterThan(8);
      expect(found[`${name} 0.2`]!.variance).toBeGreaterThan(found[`${name} 2`]!.variance);
    }
    expect(found["gumbelSoftmax 0.2"]!.bias).toBeLessThan(found["gumbelSoftmax 2"]!.bias);
  });
});

describe("sampledVariational", () => {
  const prior = draw.normal([1, S], 1);

  test.each(baselines.filter(([name]) => name !== "learned"))(
    "is unbiased for the bound, with baseline %s",
    async (name, baseline, group) => {
      const [exact] = onReference(
        { ...scoresOf, a: { shape: [1, S], data: [...(prior.data as Float32Array)] } },
        ({ t, a }) => {
          const all = Array.from({ length: S }, (_, s) =>
            likelihood(constant([Array.from({ length: S }, (_, i) => Number(i === s))])),
          );
          const { loss } = variational.loss(
            {},
            {
              distributions: reshape(softmax(a), [1, 1, S]),
              posteriors: reshape(softmax(t), [1, 1, S]),
              logLikelihoods: reshape(stack(all, 1), [1, 1, S]),
            },
            {},
          );
          return gradients(loss, [t]);
        },
      );
      const fn = (t: Tensor, k: Tensor, a: Tensor): readonly Tensor[] => {
        const rows = mul(asRows(t), 1);
        const run = choose(hard(), rows, k);
        const attendSoftly = choose(soft, rows, null);
        const { loss } = sampledVariational({ baseline }).loss(
          {} as never,
          {
            logLikelihood: expandDims(likelihood(run.weights), 1),
            logProb: expandDims(run.logProb!, 1),
            // The paper's baseline: what soft attention is rewarded with.
            greedyReward: expandDims(likelihood(attendSoftly.weights), 1),
            posteriors: expandDims(softmax(rows), 1),
            distributions: expandDims(softmax(asRows(a)), 1),
          },
          { total: constant(-1.9), weight: constant(1) },
        );
        return [mul(gradients(loss, [rows])[0]!, N)];
      };
      const [g] = await evaluateAny(fn, theta, foldIn(key, 60 + group), prior);
      const found = summarize(g!.data as Float32Array, group);
      tell(`sampledVariational ${name}`, found, exact!);
      expect(deviation(found, exact!)).toBeLessThan(4);
    },
  );
});

test("a baseline that has seen its own sample is biased, which is why the moving average lags by one update", async () => {
  // The mean of K samples, own included: the expected estimate shrinks by (K - 1) / K.
  const own: Baseline<Record<never, never>> = {
    ...leaveOneOut({ samples: K }),
    name: "own",
    compare: (_p, { returns }) => ({
      baseline: reshape(
        broadcastTo(mul(sum(reshape(returns, [N / K, K, 1]), 1, { keepDims: true }), 1 / K), [N / K, K, 1]),
        [N, 1],
      ),
      loss: null,
      state: {},
    }),
  };
  const exact = exactly(1);
  const found = summarize(await reinforced(own, "step", 1, 70), K);
  tell("reinforce mean with its own (biased)", found, exact);
  expect(deviation(found, exact)).toBeGreaterThan(8);
  const shrunk = exact.map((v) => (v * (K - 1)) / K);
  expect(deviation(found, shrunk)).toBeLessThan(4);
});
