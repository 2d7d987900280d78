// The objectives of a whole network against enumeration: every alignment of a tiny pair is pinned from outside, with
// `intervene`, in the network with additive attention, whose parameters are those of the others.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { intervene } from "../../attention/observe/intervene.ts";
import { gradients, valueAndGrad } from "../../core/grad.ts";
import { NdArray } from "../../core/ndarray.ts";
import { add, div, mul } from "../../core/ops/binary.ts";
import { reshape } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { logSoftmax } from "../../core/ops/softmax.ts";
import { constant, fill } from "../../core/ops/source.ts";
import { takeAlong } from "../../core/ops/take-along.ts";
import { exp, log } from "../../core/ops/unary.ts";
import { randomKey, rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, mapLeaves, type Tree } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import { pairArrays } from "../../models/seq2seq/batches.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";
import { forced, initSeq2Seq, type Seq2SeqParams } from "../../models/seq2seq/model.ts";
import { g2pObjective, type G2pStepInput } from "./objective.ts";
import type { HardSettings } from "./settings.ts";

const base: Seq2SeqConfig = {
  sourceCount: 7,
  targetCount: 6,
  embeddingSize: 3,
  encoderSize: 2,
  encoderLayers: 1,
  decoderSize: 4,
  attentionalSize: 3,
  attention: "additive",
  alignmentSize: 3,
  inputFeeding: false,
};
/** Larger than at the start of a training, so that where a step looks matters. */
const paramsOf = (config: Seq2SeqConfig): Seq2SeqParams<NdArray> =>
  mapLeaves<NdArray, NdArray>(
    initSeq2Seq(config, rng(3)) as Tree<NdArray>,
    (a) =>
      new NdArray(
        "float32",
        a.shape,
        (a.data as Float32Array).map((v) => 2 * v),
      ),
  ) as Seq2SeqParams<NdArray>;
const pair = { source: [3, 5], target: [4] };
const [S, U] = [2, 2];
const { sourceMask: _, ...batch } = pairArrays([pair]);
const alignments = Array.from({ length: S ** U }, (__, i) => [i % S, Math.floor(i / S)] as const);

type Given = Omit<G2pStepInput, "sourceMask">;
type Pinned = { readonly alphas: readonly Tensor[]; readonly likelihood: Tensor };

/** With the steps pinned to an alignment: alpha_t (S) of each step, and log p(y_t | ...) of each, (U). */
function pinned(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<Tensor>,
  given: Given,
  alignment: readonly number[],
): Pinned {
  const alphas: Tensor[] = [];
  const run = intervene(
    () => forced({ ...config, attention: "additive" }, params, given.source, null, given.previous),
    {
      "decoder.attention*": (weights, { site }) => {
        // What is altered may be asked for more than once.
        const t = site.endsWith("#1") ? 1 : 0;
        alphas[t] = reshape(weights, [S]);
        const one = new Float32Array(S);
        one[alignment[t]!] = 1;
        return reshape(constant(new NdArray("float32", [S], one)), weights.shape);
      },
    },
  );
  const { logits } = run();
  return { alphas, likelihood: reshape(takeAlong(logSoftmax(logits), given.target), [U]) };
}

const at = (x: Tensor, i: number): Tensor => reshape(sliceAxis(x, 0, i, i + 1), []);

type Loose = (...args: readonly unknown[]) => Promise<unknown>;
const run = async <R>(fn: unknown, ...args: readonly unknown[]): Promise<R> => {
  const compiled = compile(fn as never) as unknown as Loose & { dispose(): Promise<void> };
  try {
    return (await compiled(...args)) as R;
  } finally {
    await compiled.dispose();
  }
};
const number = (a: NdArray): number => a.data[0] as number;
const flat = (grads: unknown): readonly number[] =>
  leaves<NdArray>(grads).flatMap(([, a]) => [...(a.data as Float32Array)]);

describe.each(["marginal", "monotonic"] as const)("%s", (attention) => {
  const config: Seq2SeqConfig = { ...base, attention };
  const params = paramsOf(config);
  /** -1/U log sum over the alignments, each with its probability. */
  const enumerated = (p: Seq2SeqParams<Tensor>, given: Given): Tensor => {
    let total = fill([], 0);
    for (const alignment of alignments) {
      const { alphas, likelihood } = pinned(config, p, given, alignment);
      const [first, second] = alignment;
      if (attention === "monotonic" && second < first) continue;
      const last = alphas[1]!;
      const reach = attention === "monotonic" ? sum(sliceAxis(last, 0, first, S)) : fill([], 1);
      const prior = mul(at(alphas[0]!, first), div(at(last, second), reach));
      total = add(total, mul(prior, exp(sum(likelihood))));
    }
    return mul(log(total), -1 / U);
  };
  const objective = g2pObjective(config, { dropout: 0, smoothing: 0 });

  test("loss and gradients are those of a sum over all alignments", async () => {
    const loss = (p: Seq2SeqParams<Tensor>, given: Given, key: Tensor): Tensor =>
      objective.loss(p, given as G2pStepInput, key, {}) as Tensor;
    const own = await run<{ value: NdArray; grad: unknown }>(valueAndGrad(loss), params, batch, randomKey(1));
    const sums = await run<{ value: NdArray; grad: unknown }>(valueAndGrad(enumerated), params, batch);
    expect(number(own.value)).toBeCloseTo(number(sums.value), 5);
    expectClose(flat(own.grad), flat(sums.grad), { rtol: 1e-3, atol: 1e-5 });
  });

  test("decoding step by step gives the same probability, and weights that are a distribution", async () => {
    const both = (p: Seq2SeqParams<Tensor>, given: Given): unknown => {
      const { logits, weights } = forced(config, p, given.source, null, given.previous);
      return {
        loss: mul(sum(takeAlong(logSoftmax(logits), given.target)), -1 / U),
        weights,
        sums: enumerated(p, given),
      };
    };
    const { loss, weights, sums } = await run<Record<string, NdArray>>(both, params, batch);
    expect(number(loss!)).toBeCloseTo(number(sums!), 5);
    const rows = weights!.data as Float32Array;
    for (let t = 0; t < U; t++) expect(rows[t * S]! + rows[t * S + 1]!).toBeCloseTo(1, 5);
  });
});

describe.each([{ inputFeeding: false }, { inputFeeding: true }])("hard, %o", (feeding) => {
  const config: Seq2SeqConfig = { ...base, ...feeding, attention: "hard" };
  const params = paramsOf(config);
  /** For each alignment its probability and its -1/U log p(y | alignment); and the gradient of their expectation. */
  const exact = (p: Seq2SeqParams<Tensor>, given: Given): unknown => {
    let expected = fill([], 0);
    const each = alignments.map((alignment) => {
      const { alphas, likelihood } = pinned(config, p, given, alignment);
      const probability = mul(at(alphas[0]!, alignment[0]), at(alphas[1]!, alignment[1]));
      const nll = mul(sum(likelihood), -1 / U);
      expected = add(expected, mul(probability, nll));
      return { probability, nll };
    });
    const grads = gradients(
      expected,
      leaves<Tensor>(p).map(([, t]) => t),
    );
    return { each, grads };
  };
  type Exact = { readonly each: readonly Record<"probability" | "nll", NdArray>[]; readonly grads: readonly NdArray[] };

  test.each<Pick<HardSettings, "baseline" | "samples">>([
    { baseline: "average", samples: 1 },
    { baseline: "self-critical", samples: 1 },
    { baseline: "leave-one-out", samples: 2 },
  ])("the expected gradient of the estimator is the exact one: %o", async (chosen) => {
    const { each, grads } = await run<Exact>(exact, params, batch);
    const hard = { ...chosen, entropyBonus: 0, semiSampling: 0 };
    const objective = g2pObjective(config, { dropout: 0, smoothing: 0, hard });
    const step = compile(valueAndGrad(objective.loss as never) as never) as unknown as Loose & {
      dispose(): Promise<void>;
    };
    // What can be drawn, by its likelihood, which tells alignments apart: one alignment, or two whose order does not matter.
    const outcomes = new Map<string, { probability: number; gradient: readonly number[] | null }>();
    const named = (nll: number): string => nll.toFixed(4);
    const firsts = each.map(({ probability, nll }) => ({ probability: number(probability), nll: number(nll) }));
    const drawn =
      chosen.samples === 1
        ? firsts
        : firsts.flatMap((a) =>
            firsts.map((b) => ({ probability: a.probability * b.probability, nll: (a.nll + b.nll) / 2 })),
          );
    for (const { probability, nll } of drawn) {
      const before = outcomes.get(named(nll))?.probability ?? 0;
      outcomes.set(named(nll), { probability: before + probability, gradient: null });
    }
    // Without input feeding the pairs 00, 11 and 01, 10 are alike at every step, and so are their gradients.
    expect(outcomes.size).toBe(chosen.samples === 1 ? 4 : feeding.inputFeeding ? 10 : 9);
    for (let seed = 0; seed < 400 && [...outcomes.values()].some(({ gradient }) => !gradient); seed++) {
      const out = (await step(params, batch, randomKey(seed), objective.begin)) as {
        readonly grad: unknown;
        readonly aux: { readonly metrics: { readonly nll: NdArray } };
      };
      const outcome = outcomes.get(named(number(out.aux.metrics.nll)));
      expect(outcome, "an alignment that is none").toBeDefined();
      outcome!.gradient ??= flat(out.grad);
    }
    await step.dispose();
    const wanted = grads.flatMap((g) => [...(g.data as Float32Array)]);
    const mean = wanted.map((__, i) =>
      [...outcomes.values()].reduce((total, { probability, gradient }) => total + probability * gradient![i]!, 0),
    );
    expectClose(mean, wanted, { rtol: 1e-3, atol: 2e-5 });
    expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(0.01);
  });
});

test("labels are not smoothed where the likelihood is over alignments", () => {
  for (const attention of ["hard", "marginal", "monotonic"] as const)
    expect(() => g2pObjective({ ...base, attention }, { dropout: 0, smoothing: 0.1 })).toThrow(
      `g2pObjective: with ${attention} attention smoothing must be 0, got 0.1`,
    );
});
