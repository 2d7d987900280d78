// Gradients of weights and gates against central differences on the float64 reference; what is made of them, by hand.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { mul, add } from "../../core/ops/binary.ts";
import { reshape } from "../../core/ops/movement.ts";
import { mean, sum } from "../../core/ops/reduce.ts";
import { scan } from "../../core/ops/scan.ts";
import { input } from "../../core/ops/source.ts";
import { tanh } from "../../core/ops/unary.ts";
import { rng } from "../../core/random.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { attend, prepareMemory } from "../attend.ts";
import { cells } from "../cells.ts";
import { attention } from "../dot-product/attention.ts";
import { causal } from "../masks/causal.ts";
import { window } from "../masks/window.ts";
import { intervene } from "../observe/intervene.ts";
import { onReference, type RefGiven } from "../selections/differences.cases.ts";
import { gradientTimesWeights, relevanceRollout } from "./gradient-times-weights.ts";
import { headImportance } from "./head-importance.ts";
import { elements, floats } from "./model.cases.ts";
import { weightGradients } from "./weight-gradients.ts";

const [B, T, H, D] = [2, 3, 2, 2];
const draw = rng(8);
const given = (...shape: number[]): RefGiven => ({ shape, data: [...(draw.normal(shape, 1).data as Float32Array)] });
const x = given(B, T, H, D);

/** Two layers of self-attention with something crooked between them: (B, T, H, D). */
function twoLayers(t: Tensor, options: { readonly lowering?: "plain" | "blocked" } = {}): Tensor {
  const layer = (q: Tensor, i: number): Tensor =>
    scope(`layer.${i}`, () => attention({ query: q, keys: q, values: tanh(q), mask: causal({}), ...options }).context);
  return layer(add(t, layer(t, 0)), 1);
}
const lossOfEach = (t: Tensor, options = {}): Tensor => {
  const y = twoLayers(t, options);
  return mean(reshape(mul(y, tanh(y)), [B, T * H * D]), -1);
};
const sites = ["layer.0.attention", "layer.1.attention"];

/** d f / d (element i of `name`), for all i. */
function differences<Names extends string>(
  all: Readonly<Record<Names, RefGiven>>,
  name: NoInfer<Names>,
  f: (inputs: Readonly<Record<Names, Tensor>>) => Tensor,
): readonly (readonly number[])[] {
  const step = 1e-5;
  const at = (i: number, by: number): readonly number[] => {
    const moved = { ...all[name], data: all[name].data.map((v, j) => (i === j ? v + by : v)) };
    return onReference<Names>({ ...all, [name]: moved }, (inputs) => [f(inputs)])[0]!;
  };
  return all[name].data.map((_, i) => {
    const [up, down] = [at(i, step), at(i, -step)];
    return up.map((value, k) => (value - down[k]!) / (2 * step));
  });
}

describe("weightGradients", () => {
  test.each(["plain", "blocked"] as const)("are differences of the scalar by each weight, %s", (lowering) => {
    const scalar = (t: Tensor): Tensor => sum(lossOfEach(t, { lowering }));
    for (const site of sites) {
      const [weights, got] = onReference({ x }, (inputs) => {
        const own = weightGradients(scalar, site)(inputs.x).sites[site]!;
        return [own.weights, own.gradients];
      });
      // What is moved is added to whole weights, in a graph of its own.
      const moved = { x, by: { shape: [B, H, T, T], data: Array.from({ length: B * H * T * T }, () => 0) } };
      const expected = differences(moved, "by", (inputs) =>
        intervene((t: Tensor) => sum(lossOfEach(t, { lowering: "plain" })), { [site]: (w) => add(w, inputs.by) })(
          inputs.x,
        ),
      );
      expectClose(got!, expected.flat(), { rtol: 1e-6, atol: 1e-9 }, site);
      // The weights are those of a causal mask: rows sum to 1, the first key has all of the first query.
      expectClose(weights!.filter((_, i) => i % (T * T) === 0), [1, 1, 1, 1], { rtol: 1e-9 }); // prettier-ignore
    }
  });

  test("are the same in many blocks of queries, which see a part of the keys each", async () => {
    const [length, long] = [600, rng(4).normal([1, 600, 1, 4], 1)];
    const gradientsIn = async (lowering: "plain" | "blocked"): Promise<Float32Array> => {
      const scalar = (t: Tensor): Tensor => {
        const { context } = attention({
          query: t,
          keys: t,
          values: t,
          mask: window({ left: 9, right: 0, align: "start" }),
          lowering,
        });
        return sum(mul(context, tanh(context)));
      };
      const { sites } = (await (evaluate as never as (...args: unknown[]) => Promise<unknown>)(
        weightGradients(scalar),
        long,
      )) as {
        sites: Record<string, { gradients: NdArray }>;
      };
      return sites["attention"]!.gradients.data as Float32Array;
    };
    const [plain, blocked] = [await gradientsIn("plain"), await gradientsIn("blocked")];
    // Blocks do not read the keys that are blocked for all of their queries; elsewhere the gradients are equal.
    const seen = (_: number, i: number): boolean => {
      const [query, key] = [Math.floor(i / length), i % length];
      return key <= query && query - key <= 9;
    };
    expectClose(blocked.filter(seen), plain.filter(seen), { rtol: 1e-5 });
    expect(blocked.some((g, i) => g === 0 && plain[i] !== 0)).toBe(true);
  });

  test("of all sites come in their order, with the scalar", () => {
    const all = weightGradients((t: Tensor) => sum(lossOfEach(t)))(input([B, T, H, D]));
    expect(Object.keys(all.sites)).toEqual(sites);
    expect(all.loss.shape).toEqual([]);
  });
});

describe("headImportance", () => {
  test.each(["plain", "blocked"] as const)("is the mean over examples of |dL / dxi|, %s", (lowering) => {
    for (const site of sites) {
      const [got] = onReference({ x }, (inputs) => [
        headImportance((t: Tensor) => lossOfEach(t, { lowering }), site)(inputs.x)[site]!,
      ]);
      const gates = { shape: [1, H, 1, 1], data: [1, 1] };
      const slopes = differences({ x, gates }, "gates", (inputs) =>
        intervene((t: Tensor) => lossOfEach(t, { lowering: "plain" }), { [site]: (w) => mul(w, inputs.gates) })(
          inputs.x,
        ),
      );
      const expected = slopes.map((each) => each.reduce((total, s) => total + Math.abs(s), 0) / B);
      expectClose(got!, expected, { rtol: 1e-6, atol: 1e-10 }, site);
    }
  });

  test("the gate of a loop is one for all its steps", () => {
    const [S, K] = [4, 3];
    const loop = { keys: given(B, S, K), queries: given(T, B, K) };
    const none = { score: {}, window: {}, normalizer: {}, selection: {} };
    const losses = ({ keys, queries }: Readonly<Record<"keys" | "queries", Tensor>>): Tensor => {
      const memory = prepareMemory(cells.dot, none, { keys, values: keys, mask: null });
      const { outputs } = scan(
        (state: { readonly last: Tensor }, query: Tensor) => {
          const { context } = attend(cells.dot, none, memory, add(query, state.last));
          return { state: { last: tanh(context) }, outputs: context };
        },
        { initial: { last: mul(sum(keys, 1), 0) }, sequences: queries },
      );
      return sum(mul(outputs, outputs), [0, 2]);
    };
    const [got] = onReference(loop, (inputs) => [headImportance(losses)(inputs)["attention"]!]);
    const gates = { shape: [1, 1, 1, 1], data: [1] };
    const [slopes] = differences({ ...loop, gates }, "gates", (inputs) =>
      intervene(losses, { attention: (w) => mul(w, inputs.gates) })(inputs),
    );
    expect(Math.abs(slopes![0]!)).toBeGreaterThan(0.1);
    expectClose(got!, [(Math.abs(slopes![0]!) + Math.abs(slopes![1]!)) / 2], { rtol: 1e-6 });
    expect(() => weightGradients((t: typeof inputs) => sum(losses(t)))(inputs)).toThrow(
      "weightGradients: attention must have one set of weights, not one for each step of a loop, got float32[3, 2, 1, 1, 4]. Write the steps out.",
    );
  });
  const inputs = { keys: input([B, 4, 3]), queries: input([T, B, 3]) };
});

describe("gradient times weights", () => {
  test("is the mean over heads of the positive part", () => {
    // Heads: (1 * 1/2, -1 * 1/2) and (2 * 1/4, 1 * 3/4): positive parts (1/2, 0) and (1/2, 3/4).
    const got = gradientTimesWeights(floats([1, 2, 1, 2], [0.5, 0.5, 0.25, 0.75]), floats([1, 2, 1, 2], [1, -1, 2, 1]));
    expect(got.shape).toEqual([1, 1, 2]);
    expect(elements(got)).toEqual([0.5, 0.375]);
  });

  test("relevance adds what each layer passes on", () => {
    // A'1 = [[1, 0], [1/2, 0]] (the gradient of the other weights is negative or 0), A'2 = [[0, 1], [0, 0]].
    // R1 = I + A'1 = [[2, 0], [1/2, 1]]; R2 = R1 + A'2 R1 = R1 + [[1/2, 1], [0, 0]].
    const below = { weights: floats([1, 1, 2, 2], [1, 0, 0.5, 0.5]), gradients: floats([1, 1, 2, 2], [1, 3, 1, -2]) };
    const above = { weights: floats([1, 1, 2, 2], [0.5, 0.5, 1, 0]), gradients: floats([1, 1, 2, 2], [-1, 2, 0, 1]) };
    expect(elements(relevanceRollout([below, above]))).toEqual([2.5, 1, 0.5, 1]);
    // Where no gradient is positive a position is relevant for itself alone.
    const none = { weights: below.weights, gradients: floats([1, 1, 2, 2], [-1, -1, -1, -1]) };
    expect(elements(relevanceRollout([none, none]))).toEqual([1, 0, 0, 1]);
  });
});
