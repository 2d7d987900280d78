// What every primitive must pass, given its cases: shapes, values by hand, gradients by central differences on the
// float64 reference, and equality of each device with the reference. It runs in Node and in a browser page.

import type { OpCase, Sample } from "../src/core/op.cases.ts";
import { floats } from "../src/core/op.cases.ts";
import { allocate, sizeOf } from "../src/core/dtype.ts";
import { gradients } from "../src/core/grad.ts";
import { NdArray } from "../src/core/ndarray.ts";
import type { RefArray } from "../src/core/op.ts";
import { add, mul } from "../src/core/ops/binary.ts";
import { sum } from "../src/core/ops/reduce.ts";
import { constant, input } from "../src/core/ops/source.ts";
import type { RandomAttrs } from "../src/core/ops/random.ts";
import { drawInto } from "../src/core/random.ts";
import { evaluateReference } from "../src/core/reference.ts";
import { sameShape, sameType, show, topological, type Tensor } from "../src/core/tensor.ts";
import { verifyGraph } from "../src/core/verify.ts";
import { compile } from "../src/engine/compile.ts";
import type { Device } from "../src/engine/runtime.ts";

type Feeds = ReadonlyMap<Tensor, RefArray>;

/** What is wrong with a case on the reference; empty when all is well. */
export function referenceFindings(c: OpCase): readonly string[] {
  const built = build(c);
  const { inputs, outputs, feeds } = built;
  const findings: string[] = [];
  if (!topological(outputs).some((node) => node.op.name === c.op)) findings.push(`no node of ${c.op} is in the graph`);
  verifyGraph(outputs);
  evaluateReference(outputs, feeds).forEach((value, i) => {
    const type = outputs[i]!;
    if (!sameShape(value.shape, type.shape))
      findings.push(`output ${i}: the shape rule says ${show(type)}, the reference [${value.shape.join(", ")}]`);
    if (c.expected)
      findings.push(
        ...prefixed(`output ${i}`, difference(value.data, c.expected[i] ?? [], { exact: false, tolerance: 2e-7 })),
      );
  });
  if (c.expected && c.expected.length !== outputs.length)
    findings.push(`${c.expected.length} expected outputs for ${outputs.length}`);
  if (c.smooth !== false) findings.push(...gradientFindings(inputs, outputs, feeds));
  return findings;
}

/** What a device gets wrong: outputs, and gradients of their weighted sum. */
export async function deviceFindings(c: OpCase, device: Device): Promise<readonly string[]> {
  const names: string[] = [];
  const all = (inputs: readonly Tensor[]): readonly Tensor[] => {
    const outputs = [c.apply(...inputs)].flat();
    const wrt = inputs.filter((t) => t.dtype === "float32");
    const loss = weightedSum(outputs);
    const grads = loss && wrt.length > 0 ? gradients(loss, wrt) : [];
    names.splice(0, Infinity, ...outputs.map((_, i) => `output ${i}`), ...grads.map((_, i) => `gradient ${i}`));
    return [...outputs, ...grads];
  };
  const { inputs, feeds } = build(c);
  const wanted = all(inputs);
  const expected = evaluateReference(wanted, withRandom(wanted, feeds));
  const compiled = compile((args: readonly Tensor[]) => all(args), { device, name: `${c.op}: ${c.name}` });
  try {
    const results = (await compiled(c.inputs.map(toArray) as never)) as unknown as readonly NdArray[];
    return results.flatMap((result, i) =>
      prefixed(
        names[i]!,
        difference(result.data as ArrayLike<number>, expected[i]!.data, {
          exact: result.dtype !== "float32",
          tolerance: c.tolerance ?? 1e-5,
        }),
      ),
    );
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    await compiled.dispose();
  }
}

function toArray({ dtype, shape, data }: Sample): NdArray {
  return new NdArray(dtype, shape, data);
}

function prefixed(where: string, finding: string | null): readonly string[] {
  return finding === null ? [] : [`${where}: ${finding}`];
}

interface Built {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly feeds: Feeds;
}

function build(c: OpCase): Built {
  const inputs = c.inputs.map((sample) => input(sample.shape, sample.dtype));
  const outputs = [c.apply(...inputs)].flat();
  const values = new Map(
    inputs.map((t, i): [Tensor, RefArray] => [
      t,
      { shape: t.shape, data: Float64Array.from(c.inputs[i]!.data as ArrayLike<number>) },
    ]),
  );
  return { inputs, outputs, feeds: withRandom(outputs, values) };
}

/** Feeds with the numbers that the engine would draw: one stream a random node, in topological order. */
export function withRandom(outputs: readonly Tensor[], feeds: Feeds): Feeds {
  const all = new Map(feeds);
  let stream = 0;
  for (const node of topological(outputs)) {
    if (node.op.source !== "random") continue;
    const { shape, kind } = node.attrs as RandomAttrs;
    const t = node.outputs[0]!;
    const drawn = allocate(t.dtype, sizeOf(shape));
    if (drawn.length > 0) drawInto(drawn, Int32Array.from(feeds.get(node.inputs[0]!)!.data), stream++, kind);
    all.set(t, { shape, data: Float64Array.from(drawn as ArrayLike<number>) });
  }
  return all;
}

/** The float outputs summed with fixed weights, so that every element counts differently; null when there are none. */
function weightedSum(outputs: readonly Tensor[]): Tensor | null {
  const parts = outputs.flatMap((t, i) => (t.dtype === "float32" ? [sum(mul(t, weights(t, i)))] : []));
  return parts.length === 0 ? null : parts.reduce((a, b) => add(a, b));
}

function weights(t: Tensor, i: number): Tensor {
  return constant(toArray(floats(t.shape, 50 + i, { from: 0.5, to: 1.5 })));
}

/** Checks the gradient graph, and the gradient of the gradient, in one random direction each. */
function gradientFindings(inputs: readonly Tensor[], outputs: readonly Tensor[], feeds: Feeds): readonly string[] {
  const wrt = inputs.filter((t) => t.dtype === "float32");
  const loss = weightedSum(outputs);
  if (!loss || wrt.length === 0) return [];
  const findings: string[] = [];
  let scalar = loss;
  for (const order of ["first", "second"]) {
    const grads = gradients(scalar, wrt);
    verifyGraph(grads);
    for (const [i, g] of grads.entries())
      if (!sameType(g, wrt[i]!)) findings.push(`${order} gradient: ${show(g)} for ${show(wrt[i]!)}`);
    const direction = wrt.map((t, i) => floats(t.shape, 70 + i, { from: -1, to: 1 }));
    const slope = grads.map((g, i) => sum(mul(g, constant(toArray(direction[i]!))))).reduce((a, b) => add(a, b));
    const rule = valueOf(slope, feeds);
    const numeric = centralDifference(scalar, wrt, direction, feeds);
    if (!(Math.abs(rule - numeric) <= 1e-6 * Math.abs(numeric) + 1e-8))
      findings.push(`${order} gradient: ${rule} by the rule, ${numeric} by differences`);
    scalar = slope;
  }
  return findings;
}

function valueOf(scalar: Tensor, feeds: Feeds): number {
  return evaluateReference([scalar], feeds)[0]!.data[0]!;
}

/** The derivative along a direction from four points: the error is of fourth order in the step. */
function centralDifference(scalar: Tensor, wrt: readonly Tensor[], direction: readonly Sample[], feeds: Feeds): number {
  const at = (step: number): number => {
    const moved = new Map(feeds);
    wrt.forEach((t, i) => {
      const d = direction[i]!.data as Float32Array;
      moved.set(t, { shape: t.shape, data: feeds.get(t)!.data.map((x, k) => x + step * d[k]!) });
    });
    return valueOf(scalar, moved);
  };
  const h = 1e-3;
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

/** How far an array is from what it should be, or null: NaN only matches NaN, Infinity only the same Infinity. */
export function difference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { exact, tolerance }: { readonly exact: boolean; readonly tolerance: number },
): string | null {
  if (actual.length !== expected.length) return `${actual.length} values, expected ${expected.length}`;
  let scale = 0;
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i])) scale = Math.max(scale, Math.abs(expected[i]!));
  const limit = exact ? 0 : tolerance * (scale || 1);
  let worst = -1;
  let excess = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    const gap = Math.abs(a - e);
    if (gap <= limit) continue;
    if (worst < 0 || !(gap <= excess)) [worst, excess] = [i, gap];
  }
  return worst < 0 ? null : `${actual[worst]} at ${worst}, expected ${expected[worst]} (limit ${limit})`;
}
