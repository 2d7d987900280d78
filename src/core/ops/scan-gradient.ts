// The gradient of `scan`: a loop that runs the other way and reads what the forward loop kept.

import { gradientTerms, sumTerms } from "../grad.ts";
import { topological, type Tensor } from "../tensor.ts";
import { partsOf, resultsOf, type LoopResult, type LoopSpec, type ScanAttrs } from "./scan-body.ts";
import { zerosLike } from "./slice.ts";
import { fill, input } from "./source.ts";

/** One application of `scan` that is differentiated. */
export interface ScanApplication {
  readonly attrs: ScanAttrs;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

const isFloat = (t: Tensor): boolean => t.dtype === "float32";

/**
 * Gradients of a scan's inputs.
 *
 * The gradient graph of one step becomes the body of the backward loop. Values of the forward body that it reads are
 * handed in as slices of what the forward loop kept; those that only moved elements are made again. A captured tensor's
 * gradient is added up from step to step, unless its terms can be summed after the loop in one go (`sumOverSteps`):
 * then their operands are stacked instead. A loop that is to be computed again stacks nothing.
 *
 * @param grads - of the outputs; `null` where unused.
 */
export function scanGradient(
  { attrs, inputs, outputs }: ScanApplication,
  grads: readonly (Tensor | null)[],
  makeLoop: (spec: LoopSpec) => LoopResult,
): readonly (Tensor | null)[] {
  const formals = partsOf(attrs.body.inputs, attrs);
  const values = partsOf(inputs, attrs);
  const inner = resultsOf(attrs.body.outputs, attrs);
  const outer = resultsOf(outputs, attrs);
  const given = resultsOf(grads, attrs);

  // The gradients that enter a step: of the next states, and of the step's stacked values.
  const stateSeeds = formals.states.filter(isFloat).map((s) => ({
    formal: input(s.shape),
    initial: given.states[formals.states.indexOf(s)] ?? zerosLike(s),
    of: inner.states[formals.states.indexOf(s)]!,
    state: s,
  }));
  const stepSeeds = inner.steps.flatMap((of, i) => {
    const sequence = given.steps[i];
    return sequence && isFloat(of) ? [{ formal: input(of.shape), sequence, of }] : [];
  });
  const seeds = [...stateSeeds, ...stepSeeds];
  const cut = new Set(attrs.body.inputs);
  const wrt = attrs.body.inputs.filter(isFloat);
  const termLists = gradientTerms(
    seeds.map((s) => s.of),
    seeds.map((s) => s.formal),
    wrt,
    cut,
  );
  const termsOf = (t: Tensor): readonly Tensor[] => termLists[wrt.indexOf(t)]!;

  const states = stateSeeds.map(({ formal, initial, state }) => ({
    formal,
    initial,
    next: sumTerms(termsOf(state)) ?? zerosLike(state),
  }));
  const sliceGrads = formals.slices.filter(isFloat).map((x) => sumTerms(termsOf(x)) ?? zerosLike(x));
  const shared = formals.captured.filter(isFloat).map((c) => sharedGradient(c, termsOf(c), attrs.recompute));
  const accumulated = shared.flatMap(({ sum }) => (sum ? [sum] : []));

  // What the forward loop kept of each step, and what else a step of the backward loop may be handed.
  const stacks = new Map<Tensor, Tensor>();
  formals.slices.forEach((t, i) => stacks.set(t, values.slices[i]!));
  inner.steps.forEach((t, i) => stacks.has(t) || stacks.set(t, outer.steps[i]!));
  for (const { formal, sequence } of stepSeeds) stacks.set(formal, sequence);
  const operands = new Set(shared.flatMap(({ products }) => products.flatMap((p) => p.operands)));
  const emitted = [...operands].filter((t) => !stacks.has(t));
  const results = [...states, ...accumulated].map((s) => s.next).concat(sliceGrads, emitted);
  const loop = makeLoop({
    states: [...states, ...accumulated],
    slices: readFrom(results, stacks, cut).map((formal) => ({ formal, sequence: stacks.get(formal)! })),
    steps: [...sliceGrads, ...emitted],
    bound: new Map(formals.captured.map((t, i) => [t, values.captured[i]!])),
    length: attrs.length,
    reverse: !attrs.reverse,
    recompute: attrs.recompute,
  });
  emitted.forEach((t, i) => stacks.set(t, loop.stacks[sliceGrads.length + i]!));

  const gradients = new Map<Tensor, Tensor>();
  formals.states.filter(isFloat).forEach((t, i) => gradients.set(t, loop.finals[i]!));
  formals.slices.filter(isFloat).forEach((t, i) => gradients.set(t, loop.stacks[i]!));
  formals.captured.filter(isFloat).forEach((t, i) => {
    const { products, sum } = shared[i]!;
    const terms = products.map((p) => p.combine(p.operands.map((operand) => stacks.get(operand)!)));
    if (sum) terms.push(loop.finals[states.length + accumulated.indexOf(sum)]!);
    const total = sumTerms(terms);
    if (total) gradients.set(t, total);
  });
  return attrs.body.inputs.map((t) => gradients.get(t) ?? null);
}

interface SharedGradient {
  /** Terms that are summed after the loop, from stacked operands. */
  readonly products: readonly {
    readonly operands: readonly Tensor[];
    combine(stacked: readonly Tensor[]): Tensor;
  }[];
  /** The other terms, as a state that grows from step to step. */
  readonly sum: { readonly formal: Tensor; readonly initial: Tensor; readonly next: Tensor } | null;
}

/** How the gradient of a captured tensor is put together from its terms in one step. */
function sharedGradient(captured: Tensor, terms: readonly Tensor[], recompute: boolean): SharedGradient {
  const products = recompute ? [] : terms.flatMap((term) => term.node.op.sumOverSteps?.(term) ?? []);
  const added = recompute ? terms : terms.filter((term) => !term.node.op.sumOverSteps);
  if (added.length === 0) return { products, sum: null };
  const formal = input(captured.shape);
  return { products, sum: { formal, initial: fill(captured.shape, 0), next: sumTerms([formal, ...added])! } };
}

/** The tensors of `stacks` at which the graph of `outputs` can be cut, in the order in which it reads them. */
function readFrom(
  outputs: readonly Tensor[],
  stacks: ReadonlyMap<Tensor, Tensor>,
  cut: ReadonlySet<Tensor>,
): readonly Tensor[] {
  const read = new Set<Tensor>();
  const known = { has: (t: Tensor) => stacks.has(t) || cut.has(t) };
  for (const node of topological(outputs, known)) node.inputs.forEach((t) => read.add(t));
  for (const t of outputs) read.add(t);
  return [...read].filter((t) => stacks.has(t));
}
