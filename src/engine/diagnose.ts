// Where a NaN or an Infinity arose: the graph is run once with a probe on every float value.

import { sizeOf } from "../core/dtype.ts";
import { checkOptions } from "../core/errors.ts";
import type { NdArray } from "../core/ndarray.ts";
import { mul } from "../core/ops/binary.ts";
import { equal, not } from "../core/ops/compare.ts";
import { stack } from "../core/ops/concat.ts";
import { max, sum } from "../core/ops/reduce.ts";
import { cast } from "../core/ops/select.ts";
import { show, topological, type Tensor } from "../core/tensor.ts";
import { tensorLeaves } from "../core/tree.ts";
import { compile, type Arrays, type Compiled, type CompileOptions } from "./compile.ts";

/** The first value of a graph that is not finite although all it was made of is. */
export interface NotFinite {
  /** Dotted scope of the node; gradients lie in `LAYER.gradient`. */
  readonly scope: string;
  readonly op: string;
  /** dtype and shape of the value, as in messages. */
  readonly type: string;
  readonly shape: readonly number[];
  /** NaN, Infinity or -Infinity: the first such element, and its index. */
  readonly value: number;
  readonly at: readonly number[];
  /** Dotted path of the argument, when the value came in with it: `0.encoder.weight`. */
  readonly argument?: string;
  /** What the node was given. */
  readonly inputs: readonly NodeInput[];
}

/** One input of the node that gave the first bad value. */
export interface NodeInput {
  readonly type: string;
  /** Smallest and largest element; NaN where there are none. */
  readonly least: number;
  readonly greatest: number;
  /** The element that stands at the place of the bad one, where the op is elementwise. */
  readonly there?: number;
}

/**
 * Runs a function with a probe on every float32 value, and names the node at which the first NaN or Infinity arose.
 *
 * Infinities that stand in the graph as constants (a mask's -Infinity) are no finding, nor what is made of them, as
 * long as it does not become NaN. Costs about one run with a session of its own.
 *
 * @param fn - as for `compile`.
 * @param args - the arguments with which something went wrong.
 * @returns `null` when every value is finite, as in a graph that has no float32 value.
 */
export async function findNotFinite<F extends (...args: never[]) => unknown>(
  fn: F,
  args: Arrays<Parameters<F>> & unknown[],
  options: Pick<CompileOptions, "device" | "static" | "threads"> = {},
): Promise<NotFinite | null> {
  checkOptions("findNotFinite", options, ["device", "static", "threads"]);
  const trace = (inputs: readonly unknown[]): readonly Tensor[] => {
    const result = (fn as unknown as (...a: readonly unknown[]) => unknown)(...inputs);
    return tensorLeaves("findNotFinite", "the function's result", result).map(([, t]) => t);
  };
  let values: readonly Tensor[] = [];
  const flags = await once(options, args, (...inputs) => {
    const results = trace(inputs);
    values = floatValues(results);
    if (values.length === 0) return { results, probes: [] };
    return { results, probes: [stack(values.map((t) => sum(mul(t, 0)))), stack(values.map(hasNaN))] };
  });
  const [probes, nan] = flags;
  // A graph of integers alone, or of empty tensors, holds nothing that could be infinite.
  if (!probes || !nan) return null;
  const origin = firstOrigin(values, probes.data as Float32Array, nan.data as Float32Array);
  if (origin === null) return null;
  const seen = await once(options, args, (...inputs) => {
    const results = trace(inputs);
    const t = floatValues(results)[origin]!;
    return { results, probes: [t, ...t.node.inputs] };
  });
  return describe(values[origin]!, seen);
}

/** One sentence for a person: where, what, and from which inputs. */
export function describeNotFinite({ scope, op, type, value, at, argument, inputs }: NotFinite): string {
  const place = `${value} at [${at.join(", ")}] of ${type}`;
  if (argument !== undefined) return `argument ${argument} holds ${place}`;
  const given = inputs.map(({ type: t, least, greatest, there }) => {
    const here = there === undefined ? "" : `, ${there} there`;
    return `${t} from ${least} to ${greatest}${here}`;
  });
  return `${scope === "" ? op : `${scope}/${op}`} gave ${place}${given.length === 0 ? "" : `; its inputs: ${given.join("; ")}`}`;
}

/** All float32 values with elements that some outputs are made of, in an order in which inputs come first. */
function floatValues(outputs: readonly Tensor[]): readonly Tensor[] {
  const order = topological(outputs);
  const read = new Set([...outputs, ...order.flatMap((node) => node.inputs)]);
  return order
    .flatMap((node) => node.outputs)
    .filter((t) => read.has(t) && t.dtype === "float32" && sizeOf(t.shape) > 0);
}

/** 1 when a value holds a NaN, the only number that differs from itself. */
function hasNaN(t: Tensor): Tensor {
  return max(cast(not(equal(t, t)), "float32"));
}

/**
 * Runs a function and gives its probes. They come after its results, so that the walk over the graph, and with it the
 * stream of every random node, stays that of the function alone.
 */
async function once(
  options: CompileOptions,
  args: readonly unknown[],
  fn: (...inputs: readonly unknown[]) => { readonly results: readonly Tensor[]; readonly probes: readonly Tensor[] },
): Promise<readonly NdArray[]> {
  const compiled = compile(fn as never, options) as unknown as Compiled<
    unknown[],
    { readonly probes: readonly NdArray[] }
  >;
  try {
    return (await compiled(...args)).probes;
  } finally {
    await compiled.dispose();
  }
}

/** @param probes - NaN for values that are not finite; `nan` - 1 for those that hold a NaN. */
function firstOrigin(values: readonly Tensor[], probes: Float32Array, nan: Float32Array): number | null {
  const indexOf = new Map(values.map((t, i) => [t, i]));
  const isNaNAt = (t: Tensor): boolean => nan[indexOf.get(t) ?? -1] === 1;
  const isBadAt = (t: Tensor): boolean => Number.isNaN(probes[indexOf.get(t) ?? -1]);
  const isConstant = ({ node }: Tensor): boolean => node.inputs.length === 0 && node.op.source === undefined;
  const becameNaN = (t: Tensor): boolean => isNaNAt(t) && !t.node.inputs.some(isNaNAt);
  const becameInfinite = (t: Tensor): boolean => isBadAt(t) && !t.node.inputs.some(isBadAt) && !isConstant(t);

  const firstNaN = values.find(becameNaN);
  // Before a NaN there may have been an overflow that led to it.
  const behind = firstNaN ? new Set(topological([firstNaN])) : null;
  const found = values.findIndex((t) => t === firstNaN || (becameInfinite(t) && (behind?.has(t.node) ?? true)));
  return found < 0 ? null : found;
}

function describe(tensor: Tensor, [result, ...inputs]: readonly NdArray[]): NotFinite {
  const { node, shape } = tensor;
  const data = result!.data as Float32Array;
  const flat = data.findIndex((x) => !Number.isFinite(x));
  const at = indexOf(shape, flat);
  const label = (node.attrs as { readonly label?: unknown }).label;
  return {
    scope: node.scope,
    op: node.op.name,
    type: show(tensor),
    shape,
    value: data[flat]!,
    at,
    ...(node.op.source === "feed" && typeof label === "string" ? { argument: label } : {}),
    inputs: inputs.map((input) => describeInput(input, tensor, at)),
  };
}

function describeInput(input: NdArray, tensor: Tensor, at: readonly number[]): NodeInput {
  const data = input.data as ArrayLike<number>;
  let least = NaN;
  let greatest = NaN;
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!;
    if (Number.isNaN(x)) continue;
    if (!(x >= least)) least = x;
    if (!(x <= greatest)) greatest = x;
  }
  // Only the cost of an elementwise op is one operation an output element, for which no rule is needed.
  const there = tensor.node.op.flops ? null : stretched(input.shape, tensor.shape, at);
  return { type: input.toString(), least, greatest, ...(there === null ? {} : { there: data[there]! }) };
}

function indexOf(shape: readonly number[], flat: number): readonly number[] {
  let rest = flat;
  return [...shape]
    .reverse()
    .map((n) => {
      const i = rest % n;
      rest = Math.floor(rest / n);
      return i;
    })
    .reverse();
}

/** The flat place in an array of shape `from` that broadcasting brings to `at`; null when it does not stretch to `to`. */
function stretched(from: readonly number[], to: readonly number[], at: readonly number[]): number | null {
  const lead = to.length - from.length;
  if (lead < 0 || !from.every((n, i) => n === 1 || n === to[i + lead])) return null;
  return from.reduce((flat, n, i) => flat * n + (n === 1 ? 0 : at[i + lead]!), 0);
}
