// Optimisers and clipping against torch's, over several steps with changing rates: on the float64 reference, compiled, and
// the twin on the host. Written by tools/golden/train.py.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import {
  goldenArray,
  goldenState,
  onCpu,
  onReference,
  readGolden,
  type GoldenTensor,
  type GoldenTensors,
} from "../../../test/golden.ts";
import { NdArray } from "../../core/ndarray.ts";
import type { RefArray } from "../../core/op.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, mapLeaves, unflatten, type Tree } from "../../core/tree.ts";
import { adamw } from "./adamw.ts";
import { clipByGlobalNorm, globalNormHost } from "./clip.ts";
import type { Optimizer } from "./optimizer.ts";
import { sgd } from "./sgd.ts";

interface Run {
  readonly params: GoldenTensors;
  readonly rates: readonly number[];
  readonly grads: readonly GoldenTensors[];
  readonly after: readonly GoldenTensors[];
}

const optimizers: Readonly<Record<string, Optimizer>> = {
  adamw: adamw(),
  "adamw, other settings": adamw({ weightDecay: 0.25, beta1: 0.5, beta2: 0.75, epsilon: 0.125 }),
  "adamw without decay": adamw({ weightDecay: 0 }),
  sgd: sgd(),
  "sgd, momentum": sgd({ momentum: 0.75 }),
  "sgd, nesterov": sgd({ momentum: 0.75, nesterov: true }),
};

type Runner = typeof onCpu | ((...args: Parameters<typeof onCpu>) => ReadonlyMap<string, RefArray>);

/** Runs the graph form from golden parameters, step by step, and compares after each. */
async function checkGraph(name: string, run: Run, runner: Runner, rtol: number): Promise<void> {
  const optimizer = optimizers[name]!;
  const start = goldenState(run.params);
  let values: unknown = { params: start, state: optimizer.init(start) };
  for (const [i, after] of run.after.entries()) {
    const numbers = { rate: scalar(run.rates[i]!), time: scalar(i + 1) };
    const out = await runner(
      (given, rest) => {
        const { params, state } = given as {
          readonly params: Tree<Tensor>;
          readonly state: Record<string, Tree<Tensor>>;
        };
        const { rate, time, ...grads } = rest;
        const next = optimizer.update(params, grads, state, { rate: rate!, time: time! });
        return Object.fromEntries(leaves<Tensor>(next));
      },
      values,
      { ...goldenState(run.grads[i]!), ...numbers },
    );
    for (const [leaf, want] of Object.entries(after))
      expectClose(out.get(`params.${leaf}`)!.data, want.data, { rtol }, `${name}, step ${i + 1}, ${leaf}`);
    values = unflatten(
      values,
      [...leaves<NdArray>(values)].map(([path]) => keep(out.get(path)!)),
    );
  }
}

const scalar = (x: number): NdArray => new NdArray("float32", [], Float32Array.of(x));
// The reference's digits are kept from step to step.
const keep = ({ shape, data }: RefArray): NdArray => new NdArray("float64", shape, data);
const narrow = (tree: unknown): unknown =>
  mapLeaves<NdArray, NdArray>(
    tree as Tree<NdArray>,
    (a) => new NdArray("float32", a.shape, Float32Array.from(a.data as Float64Array)),
  );

describe.each(Object.entries(readGolden<Run>("src/train/golden/optimizers.json")))("%s equals torch", (name, run) => {
  // The tensors of the graph are float32 whatever the arrays hold that stand for them.
  const wide: Runner = (traced, values, inputs) => onReference(traced, values, inputs);
  test("on the reference", () => checkGraph(name, run, wide, 1e-9));
  test("compiled", () =>
    checkGraph(name, run, (traced, values, inputs) => onCpu(traced, narrow(values), inputs), 2e-6));

  test("on the host", () => {
    const params = goldenState(run.params);
    const optimizer = optimizers[name]!;
    const state = optimizer.init(params);
    run.after.forEach((after, i) => {
      optimizer.updateHost(params, goldenState(run.grads[i]!), state, { rate: run.rates[i]!, time: i + 1 }, 1);
      for (const [leaf, want] of Object.entries(after))
        expectClose(params[leaf]!.data, want.data, { rtol: 1e-6 }, `${name}, step ${i + 1}, ${leaf}`);
    });
  });
});

interface Clip {
  readonly limit: number;
  readonly grads: GoldenTensors;
  readonly norm: GoldenTensor;
  readonly clipped: GoldenTensors;
}

test.each(Object.entries(readGolden<Clip>("src/train/golden/clip.json")))("clipping %s equals torch", async (_, c) => {
  const grads = goldenState(c.grads);
  const norm = c.norm.data[0]!;
  expect(Math.abs(globalNormHost(grads) - norm)).toBeLessThan(1e-12 * norm);
  const out = await onCpu(
    (params) => {
      const { grads: clipped, norm: found } = clipByGlobalNorm(params as Tree<Tensor>, c.limit);
      return { ...(clipped as Record<string, Tensor>), norm: found };
    },
    grads,
    {},
  );
  expectClose(out.get("norm")!.data, [norm], { rtol: 1e-6 });
  // torch divides by the norm plus 1e-6.
  for (const [name, want] of Object.entries(c.clipped))
    expectClose(out.get(name)!.data, goldenArray(want, "float64").data, { rtol: 2e-6 }, name);
});
