// What every mechanism of attention must do: give on each device what the float64 reference gives, gradients too, and give
// the same to the last bit while it is observed. It runs in Node and in a browser page. The cases of one file are one
// graph, so that a device makes one session for all of them.

import type * as attention from "../src/attention/index.ts";
import { observe } from "../src/attention/observe/observe.ts";
import { sites } from "../src/attention/observe/sites.ts";
import { gradients } from "../src/core/grad.ts";
import type { NdArray } from "../src/core/ndarray.ts";
import type { RefArray } from "../src/core/op.ts";
import { add, mul } from "../src/core/ops/binary.ts";
import { sum } from "../src/core/ops/reduce.ts";
import { constant, input } from "../src/core/ops/source.ts";
import { rng } from "../src/core/random.ts";
import { evaluateReference } from "../src/core/reference.ts";
import { scope } from "../src/core/scope.ts";
import type { Tensor } from "../src/core/tensor.ts";
import { leaves, mapTree, type MapTree } from "../src/core/tree.ts";
import { compile } from "../src/engine/compile.ts";
import type { Device } from "../src/engine/runtime.ts";
import { difference, withRandom } from "./op-suite.ts";

/** A value that `heed/attention` exports. */
export type Mechanism = keyof typeof attention;

/** One use of some mechanisms on given values. */
export interface MechanismCase {
  /** Unique. */
  readonly name: string;
  /** What it is a case of. */
  readonly covers: readonly Mechanism[];
  /** A tree of arrays. */
  readonly inputs: object;
  /** The outputs by name, from the inputs as tensors; those that are undefined are left out. */
  readonly apply: (inputs: never) => Outputs;
  /** Whether the gradients with respect to the float32 inputs are compared. Default true; false where none flows. */
  readonly gradients?: false;
}

type Outputs = Readonly<Record<string, Tensor | undefined>>;

/** A case with typed inputs. */
export function mechanismCase<I extends object>(
  name: string,
  covers: readonly Mechanism[],
  inputs: I,
  apply: (inputs: MapTree<I, NdArray, Tensor>) => Outputs,
  more: Pick<MechanismCase, "gradients"> = {},
): MechanismCase {
  return { name, covers, inputs, apply, ...more };
}

/** Results of several cases by case, then by output and `gradient of PATH`. */
type Results = readonly (readonly (readonly [name: string, value: NdArray])[])[];

/** Cases that run together, and what the reference says of them. */
export interface PreparedCases {
  readonly cases: readonly MechanismCase[];
  readonly names: readonly (readonly string[])[];
  readonly expected: readonly (readonly RefArray[])[];
  /** Whether any of them has an attention that can be observed. */
  readonly observable: boolean;
}

/** What a case got wrong. */
export interface Finding {
  readonly name: string;
  readonly finding: string;
}

/** Runs cases on the float64 reference. */
export function prepareCases(cases: readonly MechanismCase[]): PreparedCases {
  const feeds = new Map<Tensor, RefArray>();
  const inputs = cases.map((c) =>
    mapTree<unknown, NdArray, Tensor>(c.inputs, ({ dtype, shape, data }) => {
      const t = input(shape, dtype);
      feeds.set(t, { shape, data: Float64Array.from(data as ArrayLike<number>) });
      return t;
    }),
  );
  const traced = inputs.map((given, i) => traceCase(cases[i]!, given, i));
  const wanted = traced.flatMap((results) => results.map(([, t]) => t));
  const values = evaluateReference(wanted, withRandom(wanted, feeds));
  let next = 0;
  return {
    cases,
    names: traced.map((results) => results.map(([name]) => name)),
    expected: traced.map((results) => results.map(() => values[next++]!)),
    observable:
      sites(
        tracerOf(cases),
        cases.map((c) => c.inputs),
      ).length > 0,
  };
}

/** Runs cases on a device, in one session. @param observed - with every stage and the summary of every attention taken beside. */
export async function runCases({ cases, names }: PreparedCases, device: Device, observed = false): Promise<Results> {
  const plain = tracerOf(cases);
  const seen = observe(observe(plain, "*", { level: "summary" }), "*", { stage: "dropped" });
  const compiled = compile(observed ? seen : plain, { device, name: "mechanisms" });
  try {
    const call = compiled as unknown as (args: unknown) => Promise<unknown>;
    const given = await call(cases.map((c) => c.inputs));
    const results = (observed ? (given as { result: { result: unknown } }).result.result : given) as NdArray[][];
    return results.map((arrays, i) => arrays.map((a, k) => [names[i]![k]!, a] as const));
  } finally {
    await compiled.dispose();
  }
}

/** The share of the largest value by which outputs and gradients may be off. */
export const tolerances = { output: 1e-5, gradient: 1e-4 } as const;

/**
 * Compares results with the reference: outputs within 1e-5 max(1, largest), gradients within 1e-4 of their largest value.
 * A gradient that is 0 but for rounding, as that of a bias under a softmax, is held to 1e-6 of the case's largest gradient.
 *
 * @param factor - what the limits are multiplied by. Default 1.
 */
export function compareWithReference(prepared: PreparedCases, results: Results, factor = 1): readonly Finding[] {
  return prepared.cases.flatMap((c, i) => {
    const expected = prepared.expected[i]!;
    const isGradient = (name: string): boolean => name.startsWith("gradient of ");
    const sizes = expected.map(({ data }) => largest(data));
    const steepest = Math.max(0, ...sizes.filter((_, k) => isGradient(prepared.names[i]![k]!)));
    return results[i]!.flatMap(([name, value], k) => {
      const limit = isGradient(name)
        ? tolerances.gradient * Math.max(sizes[k]!, 1e-2 * steepest)
        : tolerances.output * Math.max(1, sizes[k]!);
      const want = expected[k]!.data;
      // `difference` takes a share of the largest value.
      const share = (factor * limit) / (sizes[k]! || 1);
      const found = difference(value.data as ArrayLike<number>, want, { exact: value.dtype !== "float32", tolerance: share }); // prettier-ignore
      return found === null ? [] : [{ name: c.name, finding: `${name}: ${found}` }];
    });
  });
}

/** Which results are not the same, bit for bit. */
export function compareBits({ cases }: PreparedCases, results: Results, others: Results): readonly Finding[] {
  return cases.flatMap((c, i) =>
    results[i]!.flatMap(([name, { data }], k) => {
      const other = others[i]![k]![1].data;
      const bytes = (a: ArrayBufferView): Uint8Array => new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
      const [x, y] = [bytes(data), bytes(other)];
      return x.length === y.length && x.every((b, n) => b === y[n]) ? [] : [{ name: c.name, finding: `${name}: other bits` }]; // prettier-ignore
    }),
  );
}

/** What a device gets wrong of cases: together where it can, else one by one, so that each failure has a name. */
export async function deviceFindings(cases: readonly MechanismCase[], device: Device): Promise<readonly Finding[]> {
  const prepared = prepareCases(cases);
  try {
    return compareWithReference(prepared, await runCases(prepared, device));
  } catch (error) {
    if (cases.length === 1) return [{ name: cases[0]!.name, finding: error instanceof Error ? error.message : String(error) }]; // prettier-ignore
    const each: Finding[] = [];
    for (const c of cases) each.push(...(await deviceFindings([c], device)));
    // That each can run alone and all cannot run together would be a finding of its own.
    return each.length > 0 ? each : [{ name: "all together", finding: String(error) }];
  }
}

function largest(data: Float64Array): number {
  return data.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
}

/** The results of all cases as a function of all inputs. */
function tracerOf(cases: readonly MechanismCase[]): (inputs: readonly unknown[]) => readonly (readonly Tensor[])[] {
  return (inputs) => inputs.map((given, i) => traceCase(cases[i]!, given, i).map(([, t]) => t));
}

/** Outputs, and the gradients of their weighted sum with respect to every float32 input. */
function traceCase(c: MechanismCase, inputs: unknown, place: number): readonly (readonly [name: string, t: Tensor])[] {
  return scope(`case${place}`, () => {
    const outputs = Object.entries(c.apply(inputs as never)).filter((o): o is [string, Tensor] => o[1] !== undefined);
    const floats = outputs.filter(([, t]) => t.dtype === "float32");
    if (c.gradients === false) return outputs;
    const seeds = rng(9);
    const loss = floats
      .map(([, t]) => sum(mul(t, constant(seeds.normal(t.shape, 1)))))
      .reduce((total, part) => add(total, part));
    const wrt = leaves<Tensor>(inputs).filter(([, t]) => t.dtype === "float32");
    const grads = gradients(
      loss,
      wrt.map(([, t]) => t),
    );
    return [...outputs, ...grads.map((g, i) => [`gradient of ${wrt[i]![0]}`, g] as const)];
  });
}
