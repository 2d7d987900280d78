// The ONNX rule of `scan`: the runtime's `Scan`, or the steps one after the other where the device has none.

import { sizeOf } from "../dtype.ts";
import type { LowerContext, OnnxBuilder, Target } from "../op.ts";
import type { Tensor } from "../tensor.ts";
import { liveBody, partsOf, resultsOf, type ScanAttrs } from "./scan-body.ts";
import { input } from "./source.ts";
import { moveAsNumbers } from "./webgpu.ts";

/** A tensor of the body and the value that it has, or begins with, outside. */
interface Binding {
  readonly formal: Tensor;
  readonly name: string;
}

/** The parts of a loop that have elements and that somebody reads. */
interface LiveLoop {
  readonly attrs: ScanAttrs;
  readonly states: readonly (Binding & { readonly next: Tensor })[];
  readonly slices: readonly Binding[];
  /** The values of a step that are wanted stacked. */
  readonly steps: readonly Tensor[];
  /** Captured values, and tensors without elements. */
  readonly given: ReadonlyMap<Tensor, string>;
}

/** Lowers a loop; outputs that nobody reads get an empty name. */
export function lowerScan(
  onnx: OnnxBuilder,
  names: readonly string[],
  { attrs, used, target }: LowerContext<readonly Tensor[], ScanAttrs>,
): readonly string[] {
  const loop = liveLoop(onnx, names, attrs, used);
  // Without a step the states stay as they were, and stacked values have no elements.
  if (attrs.length === 0) return attrs.body.outputs.map((_, i) => (used[i] ? names[i]! : ""));
  const results = target.device === "webgpu" ? unroll(onnx, loop, target) : runtimeScan(onnx, loop);
  const finals = new Map(loop.states.map((s, i) => [s.formal, results[i]!]));
  const stacks = new Map(loop.steps.map((t, i) => [t, results[loop.states.length + i]!]));
  const { states } = partsOf(attrs.body.inputs, attrs);
  const { steps } = resultsOf(attrs.body.outputs, attrs);
  return [...states.map((t) => finals.get(t) ?? ""), ...steps.map((t) => stacks.get(t) ?? "")];
}

function liveLoop(onnx: OnnxBuilder, names: readonly string[], attrs: ScanAttrs, used: readonly boolean[]): LiveLoop {
  const live = liveBody(attrs, used);
  const formals = partsOf(attrs.body.inputs, attrs);
  const outside = partsOf(names, attrs);
  const next = resultsOf(attrs.body.outputs, attrs);
  const wanted = resultsOf(used, attrs);
  const given = new Map<Tensor, string>();
  const full = (t: Tensor): boolean => {
    if (sizeOf(t.shape) === 0) given.set(t, onnx.constant(t.dtype, t.shape, []));
    return sizeOf(t.shape) > 0;
  };
  const states = formals.states.flatMap((formal, i) =>
    full(formal) && (live.has(formal) || wanted.states[i])
      ? [{ formal, name: outside.states[i]!, next: next.states[i]! }]
      : [],
  );
  const slices = formals.slices.flatMap((formal, i) =>
    full(formal) && live.has(formal) ? [{ formal, name: outside.slices[i]! }] : [],
  );
  formals.captured.forEach((formal, i) => given.set(formal, outside.captured[i]!));
  const steps = [...new Set(next.steps.filter((_, i) => wanted.steps[i]))];
  return { attrs, states, slices, steps, given };
}

function runtimeScan(onnx: OnnxBuilder, { attrs, states, slices, steps, given }: LiveLoop): readonly string[] {
  // The runtime learns the number of steps from a sequence, so there must be one.
  const sequences: readonly Binding[] =
    slices.length > 0
      ? slices
      : [
          {
            formal: input([], "uint8"),
            name: onnx.constant("uint8", [attrs.length], new Uint8Array(attrs.length)),
          },
        ];
  const body = onnx.subgraph(
    [...states, ...sequences].map((b) => b.formal),
    [...states.map((s) => s.next), ...steps],
    given,
  );
  const direction = Number(attrs.reverse);
  return onnx.nodes(
    "Scan",
    [...states, ...sequences].map((b) => b.name),
    {
      body: { graph: body },
      num_scan_inputs: { int: sequences.length },
      scan_input_directions: { ints: sequences.map(() => direction) },
      ...(steps.length > 0 ? { scan_output_directions: { ints: steps.map(() => direction) } } : {}),
    },
    { outputs: states.length + steps.length },
  );
}

function unroll(
  onnx: OnnxBuilder,
  { attrs, states, slices, steps, given }: LiveLoop,
  target: Target,
): readonly string[] {
  const { length, reverse } = attrs;
  let current = states.map((s) => s.name);
  const rows: string[][] = steps.map(() => new Array<string>(length));
  for (let i = 0; i < length; i++) {
    const t = reverse ? length - 1 - i : i;
    const values = new Map(given);
    states.forEach(({ formal }, k) => values.set(formal, current[k]!));
    for (const { formal, name } of slices) values.set(formal, rowOf(onnx, target, formal, name, t));
    const results = onnx.inline([...states.map((s) => s.next), ...steps], values);
    current = results.slice(0, states.length);
    rows.forEach((row, k) => (row[t] = results[states.length + k]!));
  }
  return [...current, ...rows.map((row, k) => stackRows(onnx, target, steps[k]!, row))];
}

function rowOf(onnx: OnnxBuilder, target: Target, { dtype }: Tensor, sequence: string, t: number): string {
  const at = onnx.constant("int64", [], [t]);
  return moveAsNumbers(onnx, target, dtype, [sequence], ([numbers]) => [
    onnx.node("Gather", [numbers!, at], { axis: { int: 0 } }),
  ])[0]!;
}

function stackRows(onnx: OnnxBuilder, target: Target, { dtype }: Tensor, rows: readonly string[]): string {
  const axis = onnx.constant("int64", [1], [0]);
  return moveAsNumbers(onnx, target, dtype, rows, (numbers) => {
    const slabs = numbers.map((row) => onnx.node("Unsqueeze", [row, axis]));
    return [slabs.length === 1 ? slabs[0]! : onnx.node("Concat", slabs, { axis: { int: 0 } })];
  })[0]!;
}
