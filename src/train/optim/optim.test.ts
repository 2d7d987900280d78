// Optimisers, clipping and the average of parameters: the twin on the host does what the graph says, over many steps.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { array, NdArray, zeros } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, mapLeaves, type Tree } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import { ema, emaDecay, emaHost } from "../ema.ts";
import { adamw } from "./adamw.ts";
import { clipByGlobalNorm, globalNormHost } from "./clip.ts";
import type { Optimizer } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

type Arrays = Tree<NdArray>;
type Run = (
  ...args: readonly unknown[]
) => Promise<{ readonly params: Arrays; readonly state: Record<string, Arrays>; readonly average: Arrays }>;

const draw = rng(5);
const tree = (deviation: number): Arrays => ({
  layers: [{ weight: draw.normal([7, 5], deviation), bias: draw.normal([5], deviation) }],
  scale: draw.normal([], deviation),
});
const copy = (a: Arrays): Arrays =>
  mapLeaves<NdArray, NdArray>(a, (x) => new NdArray("float32", x.shape, (x.data as Float32Array).slice()));

describe.each<readonly [string, Optimizer]>([
  ["adamw", adamw()],
  ["adamw, other settings", adamw({ beta1: 0, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.2, decays: () => true })],
  ["sgd", sgd()],
  ["sgd, nesterov", sgd({ momentum: 0.9, nesterov: true })],
])("%s", (_, optimizer) => {
  test("on the host equals the graph over thirty clipped steps, with the average of parameters", async () => {
    const limit = 0.5;
    const step = (
      params: Tree<Tensor>,
      grads: Tree<Tensor>,
      state: Record<string, Tree<Tensor>>,
      average: Tree<Tensor>,
      numbers: { readonly rate: Tensor; readonly time: Tensor; readonly keep: Tensor },
    ): unknown => {
      const next = optimizer.update(params, clipByGlobalNorm(grads, limit).grads, state, numbers);
      return { ...next, average: ema(average, next.params, numbers.keep) };
    };
    const compiled = compile(step as never, { threads: 1 });
    const run = compiled as unknown as Run;
    const start = tree(1);
    const host = { params: copy(start), state: optimizer.init(start), average: copy(start) };
    let graph = { params: copy(start), state: optimizer.init(start), average: copy(start) };
    for (let i = 0; i < 30; i++) {
      const [rate, keep] = [0.02 / (1 + i), emaDecay(0.9, i)];
      const grads = tree(i % 3 === 0 ? 0.001 : 2);
      const norm = globalNormHost(grads);
      optimizer.updateHost(host.params, grads, host.state, { rate, time: i + 1 }, norm > limit ? limit / norm : 1);
      emaHost(host.average, host.params, keep);
      graph = await run(graph.params, grads, graph.state, graph.average, { rate, time: i + 1, keep });
    }
    const want = new Map(leaves<NdArray>(host));
    expect(want.size).toBeGreaterThan(6);
    for (const [path, a] of leaves<NdArray>(graph))
      expectClose(a.data as Float32Array, want.get(path)!.data as Float32Array, { rtol: 2e-6 }, path);
    await compiled.dispose();
  });

  test("meets parameters, gradients and state by path, whatever the order of their keys", () => {
    const params = { a: array([1, 1]), b: array([2, 2]) };
    const state = optimizer.init({ b: params.b, a: params.a });
    optimizer.updateHost(params, { b: array([0, 0]), a: array([1, 1]) }, state, { rate: 0.1, time: 1 }, 1);
    expect(params.a.data[0]).toBeLessThan(0.95);
    expect(params.b.data[0]).toBeGreaterThan(1.9);
    const alone = { a: array([1]) };
    expect(() =>
      optimizer.updateHost(alone, { b: array([1]) }, optimizer.init(alone), { rate: 0.1, time: 1 }, 1),
    ).toThrow("all trees must have the same paths");
    expect(() => optimizer.updateHost(alone, {}, optimizer.init(alone), { rate: 0.1, time: 1 }, 1)).toThrow(
      "one without a",
    );
  });
});

describe("adamw", () => {
  test("decays all but biases, unless told otherwise", () => {
    const decayed = (options: Parameters<typeof adamw>[0]): readonly string[] => {
      const layer = { weight: array([1]), bias: array([1]), recurrentBias: array([1]) };
      const params = { layer, bias: array([1]), unbiased: array([1]) };
      const optimizer = adamw({ weightDecay: 0.5, ...options });
      const none = mapLeaves<NdArray, NdArray>(params, (p) => zeros(p.shape));
      optimizer.updateHost(params, none, optimizer.init(params), { rate: 0.5, time: 1 }, 1);
      return leaves<NdArray>(params).flatMap(([path, a]) => (a.data[0] === 0.75 ? [path] : []));
    };
    expect(decayed({})).toEqual(["layer.weight", "unbiased"]);
    expect(decayed({ decays: (path) => path === "bias" })).toEqual(["bias"]);
    expect(decayed({ weightDecay: 0 })).toEqual([]);
  });

  test("the first step is the rate, whatever the gradient's size", () => {
    for (const size of [1e-3, 1, 1e4]) {
      const params = { w: array([0]) };
      const optimizer = adamw();
      optimizer.updateHost(params, { w: array([size]) }, optimizer.init(params), { rate: 0.01, time: 1 }, 1);
      expect(params.w.data[0]).toBeCloseTo(-0.01, 6);
    }
  });
});

describe("emaDecay", () => {
  test("forgets the first weights soon and reaches the decay", () => {
    expect(emaDecay(0.999, 0)).toBeCloseTo(0.1, 12);
    expect(emaDecay(0.999, 90)).toBeCloseTo(0.91, 12);
    expect(emaDecay(0.999, 1e6)).toBe(0.999);
    expect(emaDecay(0, 5)).toBe(0);
  });
});

test.each([
  [() => adamw({ beta1: 1 }), "adamw: beta1 must lie in 0 <= beta1 < 1, got 1"],
  [() => adamw({ beta2: -0.1 }), "beta2 must lie in 0 <= beta2 < 1, got -0.1"],
  [() => adamw({ epsilon: 0 }), "epsilon must be positive, got 0"],
  [() => adamw({ weightDecay: -1 }), "weightDecay must be >= 0, got -1"],
  [
    () => adamw({ rate: 1 } as never),
    'adamw: options must be among beta1, beta2, epsilon, weightDecay, decays, got "rate"',
  ],
  [() => sgd({ momentum: 1 }), "sgd: momentum must lie in 0 <= momentum < 1, got 1"],
  [() => sgd({ nesterov: true }), "sgd: nesterov needs a momentum above 0, got 0"],
  [() => sgd({ dampening: 1 } as never), 'sgd: options must be among momentum, nesterov, got "dampening"'],
])("%# is refused", (make, message) => {
  expect(make).toThrow(message);
});
