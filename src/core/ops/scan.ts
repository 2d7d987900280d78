// scan: a loop over the first axis of sequences, with states handed from step to step.

import { closeBody, inBody, onlyMoves } from "../body.ts";
import { sizeOf } from "../dtype.ts";
import { kindOf } from "../ndarray.ts";
import { checkOptions, graphError, internalError, optionError, shapeError } from "../errors.ts";
import { applyOp, type OpDef, type RefArray } from "../op.ts";
import { evaluateReference, refArray } from "../reference.ts";
import { sameType, show, Tensor, type TensorType } from "../tensor.ts";
import { leaves, mapTree, unflatten } from "../tree.ts";
import { watchedInLoop } from "../watch.ts";
import { liveBody, partsOf, resultsOf, type LoopResult, type LoopSpec, type ScanAttrs } from "./scan-body.ts";
import { scanGradient } from "./scan-gradient.ts";
import { lowerScan } from "./scan-lower.ts";
import { input } from "./source.ts";

const scanOp: OpDef<readonly Tensor[], ScanAttrs> = {
  name: "scan",
  infer(inputs, attrs) {
    const formals = partsOf(attrs.body.inputs, attrs);
    const expected = [...formals.states, ...formals.slices.map((t) => stacked(t, attrs.length)), ...formals.captured];
    if (inputs.length !== expected.length || !inputs.every((t, i) => sameType(t, expected[i]!)))
      throw internalError("scan", `inputs ${expected.map(show).join(", ")}`, inputs.map(show).join(", "));
    const { steps } = resultsOf(attrs.body.outputs, attrs);
    return [...formals.states, ...steps.map((t) => stacked(t, attrs.length))];
  },
  vjp: (grads, inputs, outputs, attrs) => scanGradient({ attrs, inputs, outputs }, grads, makeLoop),
  lower: lowerScan,
  evaluate: evaluateScan,
  reads(used, attrs) {
    const live = liveBody(attrs, used);
    // A loop without steps hands its initial states on.
    return attrs.body.inputs.map((t, i) => live.has(t) || (i < attrs.stateCount && used[i] === true));
  },
  bodyOf: ({ body }) => body,
  flops(_inputs, _outputs, attrs) {
    const { nodes } = closeBody(attrs.body.outputs, new Set(attrs.body.inputs));
    return attrs.length * nodes.reduce((n, node) => n + flopsOf(node), 0);
  },
};

function flopsOf({ op, inputs, outputs, attrs }: Tensor["node"]): number {
  return op.flops ? op.flops(inputs, outputs, attrs) : outputs.reduce((n, t) => n + sizeOf(t.shape), 0);
}

function stacked({ dtype, shape }: TensorType, length: number): TensorType {
  return { dtype, shape: [length, ...shape] };
}

function evaluateScan(inputs: readonly RefArray[], attrs: ScanAttrs): readonly RefArray[] {
  const { body, length, reverse } = attrs;
  const values = partsOf(inputs, attrs);
  const formals = partsOf(body.inputs, attrs);
  const feeds = new Map<Tensor, RefArray>();
  formals.captured.forEach((t, i) => feeds.set(t, values.captured[i]!));
  const { steps } = resultsOf(body.outputs, attrs);
  const stacks = steps.map((t) => refArray([length, ...t.shape]));
  let current = values.states;
  for (let i = 0; i < length; i++) {
    const at = reverse ? length - 1 - i : i;
    formals.states.forEach((t, k) => feeds.set(t, current[k]!));
    formals.slices.forEach((t, k) => feeds.set(t, rowOf(values.slices[k]!, at)));
    const results = resultsOf(evaluateReference(body.outputs, feeds), attrs);
    current = results.states;
    results.steps.forEach(({ data }, k) => stacks[k]!.data.set(data, at * data.length));
  }
  return [...current, ...stacks];
}

function rowOf({ shape, data }: RefArray, at: number): RefArray {
  const size = sizeOf(shape.slice(1));
  return { shape: shape.slice(1), data: data.subarray(at * size, (at + 1) * size) };
}

/**
 * Makes the node of a loop. Beside the steps that were asked for it has an output for every value of the body, so that
 * a gradient can read what it needs; outputs that nobody reads are never computed. A loop that is to be computed again
 * keeps its states alone.
 */
function makeLoop({ states, slices, steps, bound, length, reverse, recompute }: LoopSpec): LoopResult {
  const stateFormals = states.map((s) => s.formal);
  const handedIn = [...stateFormals, ...slices.map((s) => s.formal)];
  const replaced = [...bound].filter(([formal, value]) => formal !== value);
  const formals = new Set([...handedIn, ...replaced.map(([formal]) => formal)]);
  const next = states.map((s) => s.next);
  const { captured, nodes } = closeBody([...next, ...steps], formals);
  const values = recompute ? [] : nodes;
  const kept = values.flatMap((node) => (onlyMoves(node) ? [] : node.outputs)).filter((t) => !formals.has(t));
  const outputs = applyOp(
    scanOp,
    [
      ...states.map((s) => s.initial),
      ...slices.map((s) => s.sequence),
      ...replaced.map(([, value]) => value),
      ...captured,
    ],
    {
      body: {
        inputs: [...formals, ...captured],
        outputs: [...next, ...steps, ...new Set([...stateFormals, ...kept].filter((t) => !steps.includes(t)))],
      },
      stateCount: states.length,
      sequenceCount: slices.length,
      length,
      reverse,
      recompute,
    },
  );
  return {
    finals: outputs.slice(0, states.length),
    stacks: outputs.slice(states.length, states.length + steps.length),
  };
}

/** What one step of a scan gives. */
export type ScanStep<S, Y> = {
  /** The next state: a tree like `initial`. */
  readonly state: S;
  /** The values of this step that are wanted of every step; `{}` for none. */
  readonly outputs: Y;
};

/** What a scan runs over. */
export interface ScanOptions<S, X> {
  /** The state before the first step: a tensor, or a tree of them. */
  readonly initial: S;
  /** Tensors, or a tree of them, whose first axis is the steps. */
  readonly sequences: X;
  /** Number of steps; needed only where `sequences` holds no tensor. */
  readonly length?: number;
  /** From the last step to the first. Default false. */
  readonly reverse?: boolean;
  /**
   * Whether the gradient computes the values of each step again instead of keeping those of all steps: memory for time
   * (Chen et al. 2016, arXiv:1604.06174). Only the states and the wanted outputs are kept. Default false.
   */
  readonly recompute?: boolean;
}

/** The state after the last step, and the outputs of all steps, stacked along a new first axis in the order of the sequences. */
export type ScanResult<S, Y> = { readonly final: S; readonly outputs: Y };

/**
 * Runs `body` once a step: `state, slices -> { state, outputs }`.
 *
 * The body is traced once. It may read any tensor of its surroundings; what does not depend on state or slices is
 * computed once, before the loop. Gradients flow to the initial state, the sequences and the surroundings; those of
 * matrices that the body multiplies with are one product after the loop. On WebGPU, which has no loops, the steps are
 * laid out one after the other.
 *
 * @throws HeedError when sequences differ in length, the body returns a state of another structure, dtype or shape, or
 *   draws random numbers.
 */
export function scan<S, X, Y>(
  body: (state: S, slices: X) => ScanStep<S, Y>,
  options: ScanOptions<S, X>,
): ScanResult<S, Y> {
  checkOptions("scan", options, ["initial", "sequences", "length", "reverse", "recompute"]);
  const { initial, sequences, length, reverse = false, recompute = false } = options;
  for (const [name, value] of Object.entries({ reverse, recompute }))
    if (typeof value !== "boolean") throw optionError("scan", `${name} must be true or false`, kindOf(value));
  const steps = stepCount(sequences, length);
  const state = mapTree(initial, (t: Tensor) => input(t.shape, t.dtype)) as S;
  const slices = mapTree(sequences, (t: Tensor) => input(t.shape.slice(1), t.dtype)) as X;
  const { result: step, inLoop } = watchedInLoop(() => inBody(() => body(state, slices)));
  const next = checkState(initial, step.state);
  const formals = leaves<Tensor>(state);
  const wanted = leaves<Tensor>(step.outputs).map(([path, t]) => checkTensor(path, t, "outputs"));
  const observed = inLoop.flatMap(({ taken }) => Object.values(taken));
  const sequenceLeaves = leaves<Tensor>(sequences);
  const { finals, stacks } = makeLoop({
    states: leaves<Tensor>(initial).map(([, t], i) => ({ formal: formals[i]![1], initial: t, next: next[i]! })),
    slices: leaves<Tensor>(slices).map(([, formal], i) => ({ formal, sequence: sequenceLeaves[i]![1] })),
    steps: [...wanted, ...observed],
    bound: new Map(),
    length: steps,
    reverse,
    recompute,
  });
  let at = wanted.length;
  for (const { taken, hand } of inLoop)
    hand(Object.fromEntries(Object.keys(taken).map((name) => [name, stacks[at++]!])));
  return {
    final: unflatten(initial, finals) as S,
    outputs: unflatten(step.outputs, stacks.slice(0, wanted.length)) as Y,
  };
}

function stepCount(sequences: unknown, length: number | undefined): number {
  const all = leaves<Tensor>(sequences);
  for (const [path, t] of all)
    if (!(t instanceof Tensor) || t.rank === 0)
      throw shapeError(
        "scan",
        "sequences must be tensors with at least 1 axis",
        `${t instanceof Tensor ? show(t) : typeof t}${path === "" ? "" : ` at ${path}`}`,
      );
  const counts = new Set(all.map(([, t]) => t.shape[0]!));
  if (length !== undefined) counts.add(length);
  const [count] = counts;
  if (counts.size === 1 && Number.isInteger(count) && count! >= 0) return count!;
  const given = all.map(([path, t]) => `${path === "" ? "" : `${path} `}${show(t)}`);
  if (length !== undefined) given.push(`length ${length}`);
  throw shapeError(
    "scan",
    "sequences must have one number of steps, their first axis",
    given.join(", ") || "no sequence",
    all.length === 0 && length === undefined ? "Pass `length`." : undefined,
  );
}

/** The next state's tensors in the order of the initial state's. */
function checkState(initial: unknown, next: unknown): readonly Tensor[] {
  const found = new Map(leaves<Tensor>(next));
  const wanted = leaves<Tensor>(initial);
  const at = (path: string): string => (path === "" ? "the state" : `state ${path}`);
  for (const path of found.keys())
    if (!wanted.some(([known]) => known === path))
      throw graphError("scan", "the body must return a state of the structure of the initial one", `also ${at(path)}`);
  return wanted.map(([path, like]) => {
    const t = found.get(path);
    if (t === undefined) throw graphError("scan", `the body must return ${at(path)} as ${show(like)}`, "none");
    const tensor = checkTensor(path, t, "state");
    if (!sameType(tensor, like))
      throw shapeError("scan", `the body must return ${at(path)} as ${show(like)}`, show(tensor));
    return tensor;
  });
}

function checkTensor(path: string, t: unknown, what: string): Tensor {
  if (t instanceof Tensor) return t;
  throw graphError("scan", `the body's ${what} must be tensors`, `${typeof t}${path === "" ? "" : ` at ${path}`}`);
}
