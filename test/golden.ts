// Golden values: files that tools/golden/*.py wrote with torch in float64, and the check of a function against them, on the
// float64 reference and on the native CPU, with all gradients.

import { readFileSync } from "node:fs";
import { allocate } from "../src/core/dtype.ts";
import { gradients } from "../src/core/grad.ts";
import { NdArray } from "../src/core/ndarray.ts";
import type { RefArray } from "../src/core/op.ts";
import { add, mul } from "../src/core/ops/binary.ts";
import { sum } from "../src/core/ops/reduce.ts";
import { constant, input } from "../src/core/ops/source.ts";
import { evaluateReference } from "../src/core/reference.ts";
import type { Tensor } from "../src/core/tensor.ts";
import { leaves, mapTree } from "../src/core/tree.ts";
import { compile } from "../src/engine/compile.ts";
import { expect } from "vitest";
import { accuracyFaults, type AccuracyException, type Measured } from "./accuracy.ts";
import { expectClose } from "./close.ts";

/** A tensor in a golden file; all numbers are exact or have 13 digits. */
export interface GoldenTensor {
  readonly dtype: "float64" | "int32" | "bool";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Tensors by name. */
export type GoldenTensors = Readonly<Record<string, GoldenTensor>>;

/** One case of a file: the gradients are those of the sum of outputs times seeds. */
export interface GoldenCase {
  readonly params: GoldenTensors;
  readonly inputs: GoldenTensors;
  readonly seeds: GoldenTensors;
  readonly outputs: GoldenTensors;
  readonly grads: GoldenTensors;
  readonly inputGrads: GoldenTensors;
  /** The largest error of torch's own float32 on each tensor, where the file has it. */
  readonly single?: Readonly<Record<"outputs" | "grads" | "inputGrads", Readonly<Record<string, number>>>>;
}

/** The cases of a file by name. @param path - below the repository. */
export function readGolden<C = GoldenCase>(path: string): Readonly<Record<string, C>> {
  const file = JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), "utf8")) as {
    readonly cases: Readonly<Record<string, C>>;
  };
  return file.cases;
}

/** A golden tensor as an array; floats as float32 unless told otherwise. */
export function goldenArray({ dtype, shape, data }: GoldenTensor, floats: "float32" | "float64" = "float32"): NdArray {
  const own = dtype === "float64" ? floats : dtype;
  const elements = allocate(own, data.length);
  data.forEach((v, i) => (elements[i] = v));
  return new NdArray(own, shape, elements);
}

/** Golden tensors as a state dictionary. */
export function goldenState(
  tensors: GoldenTensors,
  floats: "float32" | "float64" = "float32",
): Readonly<Record<string, NdArray>> {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, goldenArray(t, floats)]));
}

/** What is checked against a case. */
export interface GoldenCheck<P> {
  /** Our parameters from torch's; also applied to the gradients, in float64. */
  readonly load: (state: Readonly<Record<string, NdArray>>, dtype: "float32" | "float64") => P;
  /** The gradients as `load` wants them, where it would add up what belongs together. Default: as they are. */
  readonly gradState?: (grads: Readonly<Record<string, NdArray>>) => Readonly<Record<string, NdArray>>;
  /** The outputs by name, from the parameters and inputs as tensors. */
  readonly apply: (params: never, inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;
  /** Tensors that miss the line of `test/accuracy.ts`, by name: `output NAME`, `gradient PATH`, `gradient of input NAME`. */
  readonly exceptions?: Readonly<Record<string, AccuracyException>>;
}

/** Outputs and gradients by name, as a function of parameters and inputs. */
type Traced = (params: unknown, inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>;

/**
 * Fails unless the reference lies within 1e-9, the native CPU's outputs within 1e-5 and its gradients within 1e-4; and,
 * where the file has the error of torch's own float32, unless the native CPU keeps the line of `test/accuracy.ts`.
 */
export async function checkGolden<P>(
  c: GoldenCase,
  { load, gradState = (g) => g, apply, exceptions = {} }: GoldenCheck<P>,
): Promise<void> {
  const params = load(goldenState(c.params), "float32");
  const inputs = goldenState(c.inputs);
  const traced: Traced = (p, given) => withGradients(c, p, given, apply(p as never, given));
  const gradient = load(gradState(goldenState(c.grads, "float64")), "float64");
  const expected = new Map<string, RefArray>();
  for (const [name, t] of Object.entries(c.outputs)) expected.set(`output ${name}`, toRef(goldenArray(t, "float64")));
  for (const [path, a] of leaves<NdArray>(gradient)) expected.set(`gradient ${path}`, toRef(a));
  for (const [name, t] of Object.entries(c.inputGrads))
    expected.set(`gradient of input ${name}`, toRef(goldenArray(t, "float64")));

  const compare = (where: string, actual: ReadonlyMap<string, RefArray>, output: number, grad: number): void => {
    for (const [name, want] of expected) {
      const got = actual.get(name);
      if (!got || got.shape.join() !== want.shape.join())
        throw new Error(`${where}, ${name}: expected shape [${want.shape.join(", ")}], got [${got?.shape.join(", ")}]`);
      const tolerance = name.startsWith("output")
        ? { rtol: output, atol: output }
        : { rtol: grad, atol: Number.EPSILON };
      expectClose(got.data, want.data, tolerance, `${where}, ${name}`);
    }
  };
  compare("reference", onReference(traced, params, inputs), 1e-9, 1e-9);
  const onDevice = await onCpu(traced, params, inputs);
  compare("cpu", onDevice, 1e-5, 1e-4);
  if (!c.single) return;
  // What a loader does with a tensor it does with its error, spread over an array of the tensor's shape.
  const spread = load(gradState(errorState(c.grads, c.single.grads)), "float64");
  const torchErrors = new Map<string, number>();
  for (const [name, e] of Object.entries(c.single.outputs)) torchErrors.set(`output ${name}`, e);
  for (const [path, a] of leaves<NdArray>(spread))
    torchErrors.set(`gradient ${path}`, Math.max(0, ...Array.from(a.data as Float64Array)));
  for (const [name, e] of Object.entries(c.single.inputGrads)) torchErrors.set(`gradient of input ${name}`, e);
  const unknown = Object.keys(exceptions).filter((name) => !expected.has(name));
  const faults = accuracyFaults(
    [...expected].map(([name, want]): Measured => ({
      name,
      kind: name.startsWith("output") ? "output" : "gradient",
      actual: onDevice.get(name)!.data,
      reference: want.data,
      torchError: torchErrors.get(name)!,
      ...(exceptions[name] ? { exception: exceptions[name] } : {}),
    })),
  );
  if (faults.length + unknown.length > 0)
    expect.fail([...faults, ...unknown.map((name) => `an exception for ${name}, which there is not`)].join("\n"));
}

function errorState(
  tensors: GoldenTensors,
  errors: Readonly<Record<string, number>>,
): Readonly<Record<string, NdArray>> {
  return goldenState(
    Object.fromEntries(
      Object.entries(tensors).map(([name, t]) => [name, { ...t, data: t.data.map(() => errors[name]!) }]),
    ),
    "float64",
  );
}

function withGradients(
  c: GoldenCase,
  params: unknown,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: Readonly<Record<string, Tensor>>,
): Readonly<Record<string, Tensor>> {
  const loss = Object.entries(c.seeds)
    .map(([name, seed]) => sum(mul(outputs[name]!, constant(goldenArray(seed)))))
    .reduce((a, b) => add(a, b));
  const paths = leaves<Tensor>(params);
  const wanted = Object.keys(c.inputGrads);
  const grads = gradients(loss, [...paths.map(([, t]) => t), ...wanted.map((name) => inputs[name]!)]);
  const names = [...paths.map(([path]) => `gradient ${path}`), ...wanted.map((name) => `gradient of input ${name}`)];
  return {
    ...Object.fromEntries(Object.entries(outputs).map(([name, t]) => [`output ${name}`, t])),
    ...Object.fromEntries(grads.map((t, i) => [names[i]!, t])),
  };
}

/** Runs a traced function on the float64 reference. Arrays of float64 stand for float32 tensors, with all their digits. */
export function onReference(
  traced: Traced,
  params: unknown,
  inputs: Readonly<Record<string, NdArray>>,
): ReadonlyMap<string, RefArray> {
  const feeds = new Map<Tensor, RefArray>();
  const place = (a: NdArray): Tensor => {
    const t = input(a.shape, a.dtype === "float64" ? "float32" : a.dtype);
    feeds.set(t, toRef(a));
    return t;
  };
  const outputs = Object.entries(
    traced(
      mapTree<unknown, NdArray, Tensor>(params, place),
      mapTree<typeof inputs, NdArray, Tensor>(inputs, place) as Readonly<Record<string, Tensor>>,
    ),
  );
  const values = evaluateReference(
    outputs.map(([, t]) => t),
    feeds,
  );
  return new Map(outputs.map(([name], i) => [name, values[i]!]));
}

/** Runs a traced function on the native CPU. */
export async function onCpu(
  traced: Traced,
  params: unknown,
  inputs: Readonly<Record<string, NdArray>>,
): Promise<ReadonlyMap<string, RefArray>> {
  const compiled = compile(traced, { device: "cpu", threads: 1, name: "golden" });
  try {
    const run = compiled as unknown as (...args: readonly unknown[]) => Promise<Readonly<Record<string, NdArray>>>;
    return new Map(Object.entries(await run(params, inputs)).map(([name, a]) => [name, toRef(a)]));
  } finally {
    await compiled.dispose();
  }
}

function toRef({ shape, data }: NdArray): RefArray {
  return { shape, data: Float64Array.from(data as ArrayLike<number>) };
}
