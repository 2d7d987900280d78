// Reverse-mode gradients: one walk over the graph, whose result is again a graph.

import { sizeOf } from "./dtype.ts";
import { checkOptions, graphError } from "./errors.ts";
import { kindOf } from "./ndarray.ts";
import { checkTensor } from "./op.ts";
import { add } from "./ops/binary.ts";
import { reshape } from "./ops/movement.ts";
import { sum } from "./ops/reduce.ts";
import { fill } from "./ops/source.ts";
import { inScope } from "./scope.ts";
import { sameShape, sameType, show, topological, type Node, Tensor, type TensorSet } from "./tensor.ts";
import { tensorLeaves, unflatten } from "./tree.ts";

/** A gradient at a broadcast shape, summed back to `shape`: the one place where broadcasting is undone, for every rule. */
function unbroadcast(g: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(g.shape, shape)) return g;
  if (sizeOf(g.shape) === 0) return fill(shape, 0);
  const lead = g.rank - shape.length;
  const axes = g.shape.flatMap((n, i) => (i < lead || (shape[i - lead] === 1 && n !== 1) ? [i] : []));
  return reshape(sum(g, axes), shape);
}

/** The sum of a value's gradients: terms that are alike by their op's own shortcut where it has one, the rest by additions. */
function total(terms: readonly Tensor[]): Tensor {
  const groups: Tensor[][] = [];
  for (const term of terms) {
    const group = groups.find(([first]) => areAlike(first!.node, term.node));
    if (group) group.push(term);
    else groups.push([term]);
  }
  return addAll(groups.flatMap(merge));
}

/** Whether two nodes apply one op to operands of the same types. */
function areAlike(a: Node, b: Node): boolean {
  return a.op === b.op && a.inputs.length === b.inputs.length && a.inputs.every((t, i) => sameType(t, b.inputs[i]!));
}

/** Terms that are alike, as few as their op can make them; a term that it cannot merge stays as it is. */
function merge(terms: readonly Tensor[]): readonly Tensor[] {
  const { op } = terms[0]!.node;
  if (!op.mergeSum || terms.length === 1) return terms;
  const all = op.mergeSum(terms);
  if (all) return [all];
  const mergeable = terms.filter((term) => op.mergeSum!([term]));
  const merged = mergeable.length > 1 ? op.mergeSum(mergeable) : null;
  return merged ? [merged, ...terms.filter((term) => !mergeable.includes(term))] : terms;
}

/** A balanced tree of additions: rounding errors grow with its depth, not with the number of terms. */
function addAll(terms: readonly Tensor[]): Tensor {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length >> 1;
  return add(addAll(terms.slice(0, half)), addAll(terms.slice(half)));
}

/**
 * Gradients of `output` with respect to tensors of its graph.
 *
 * @param output - a float32 scalar, or any float32 tensor when `seed` is given.
 * @param wrt - the tensors; they may lie anywhere in the graph.
 * @param seed - gradient of some final scalar with respect to `output`, of the same shape. Default 1 for a scalar.
 * @returns one tensor for each of `wrt`; zeros where `output` does not depend on it.
 * @throws HeedError when `output` is not a float32 scalar and no seed is given.
 */
export function gradients(output: Tensor, wrt: readonly Tensor[], seed?: Tensor): readonly Tensor[] {
  checkTensor("gradients", "the output", output);
  wrt.forEach((t, i) => checkTensor("gradients", `tensor ${i} of wrt`, t));
  if (seed) checkTensor("gradients", "the seed", seed);
  if (output.dtype !== "float32" || (!seed && output.rank !== 0))
    throw graphError(
      "gradients",
      "the output must be a float32 scalar",
      show(output),
      "Reduce it with sum or mean, or pass a seed.",
    );
  if (seed && !sameType(seed, output))
    throw graphError("gradients", `the seed must have the type of the output, ${show(output)}`, show(seed));

  const terms = gradientTerms([output], [seed ?? fill([], 1)], wrt);
  return wrt.map((t, i) => sumTerms(terms[i]!) ?? fill(t.shape, 0));
}

/** The sum of the terms of a gradient; null when there are none. */
export function sumTerms(terms: readonly Tensor[]): Tensor | null {
  return terms.length === 0 ? null : inScope(terms[0]!.node.scope, () => total(terms));
}

/**
 * The gradients of `wrt` before they are added up: a list of terms for each, empty where no output depends on it.
 *
 * @param seeds - gradient of some final scalar with respect to each output.
 * @param given - tensors behind which nothing is differentiated; `wrt` may be among them. Default none.
 */
export function gradientTerms(
  outputs: readonly Tensor[],
  seeds: readonly Tensor[],
  wrt: readonly Tensor[],
  given?: TensorSet,
): readonly (readonly Tensor[])[] {
  const order = topological(outputs, given);
  // Only tensors between `wrt` and the outputs take part: the rest gets no gradient graph at all.
  const onPath = new Set(wrt);
  for (const node of order)
    if (node.inputs.some((t) => onPath.has(t))) for (const t of node.outputs) if (!given?.has(t)) onPath.add(t);

  const terms = new Map<Tensor, Tensor[]>();
  const addTerm = (t: Tensor, term: Tensor): void => {
    const list = terms.get(t);
    if (list) list.push(term);
    else terms.set(t, [term]);
  };
  const gradientOf = (t: Tensor): Tensor | null => {
    const g = given?.has(t) ? null : sumTerms(terms.get(t) ?? []);
    if (g) terms.set(t, [g]);
    return g;
  };

  outputs.forEach((t, i) => addTerm(t, seeds[i]!));
  for (const node of [...order].reverse()) {
    if (!node.inputs.some((t) => onPath.has(t))) continue;
    const grads = node.outputs.map(gradientOf);
    if (grads.every((g) => g === null)) continue;
    inScope(gradientScope(node), () => {
      gradientsOfInputs(node, grads).forEach((g, i) => {
        const x = node.inputs[i]!;
        if (g && onPath.has(x)) addTerm(x, unbroadcast(g, x.shape));
      });
    });
  }
  return wrt.map((t) => terms.get(t) ?? []);
}

/** Where the nodes of a node's gradient are said to be: below the node's own scope. */
function gradientScope({ scope }: Node): string {
  return scope === "" ? "gradient" : `${scope}.gradient`;
}

/** What the gradient rule of a node gives, checked: rules of users come here too. */
function gradientsOfInputs(node: Node, grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
  const { op, inputs, outputs, attrs } = node;
  if (typeof op.vjp !== "function")
    throw graphError(op.name, "an op must have a gradient rule, `vjp`, to be differentiated", kindOf(op.vjp));
  const results: unknown = op.vjp(grads, inputs as never, outputs, attrs);
  if (!Array.isArray(results) || results.length !== inputs.length)
    throw graphError(
      op.name,
      `the gradient rule must give ${inputs.length} entries`,
      Array.isArray(results) ? String(results.length) : kindOf(results),
    );
  return results.map((g: unknown, i) => {
    if (g === null) return null;
    const x = inputs[i]!;
    if (g instanceof Tensor && x.dtype === "float32" && g.dtype === "float32" && stretches(x.shape, g.shape)) return g;
    throw graphError(
      op.name,
      `the gradient rule must give null${x.dtype === "float32" ? ` or a tensor of the type ${show(x)}, or of one that it stretches to,` : ""} for input ${i}`,
      g instanceof Tensor ? show(g) : kindOf(g),
    );
  });
}

/** Whether broadcasting stretches one shape to the other. */
function stretches(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((n, i) => n === 1 || n === to[lead + i]);
}

/** What a differentiable function returns: the loss, or the loss with other results beside it. */
export type LossResult<Aux> = Tensor | { readonly loss: Tensor; readonly aux: Aux };

/** Options of `grad` and `valueAndGrad`. */
export interface GradOptions {
  /** Whether the parameter at a dotted path is frozen: it gets a gradient of zeros and costs nothing. Default: none is. */
  readonly frozen?: (path: string) => boolean;
}

/**
 * The function that also gives gradients with respect to argument 0, a tree of tensors.
 *
 * @param fn - returns a float32 scalar, or `{ loss, aux }`.
 * @returns `(params, ...rest)` -> `{ value, grad, aux }`, where `grad` is a tree like `params`.
 */
export function valueAndGrad<P, Rest extends readonly unknown[], Aux = undefined>(
  fn: (params: P, ...rest: Rest) => LossResult<Aux>,
  options: GradOptions = {},
): (params: P, ...rest: Rest) => { readonly value: Tensor; readonly grad: P; readonly aux: Aux } {
  checkOptions("valueAndGrad", options, ["frozen"]);
  return differentiate("valueAndGrad", fn, options);
}

function differentiate<P, Rest extends readonly unknown[], Aux>(
  where: string,
  fn: (params: P, ...rest: Rest) => LossResult<Aux>,
  { frozen }: GradOptions,
): (params: P, ...rest: Rest) => { readonly value: Tensor; readonly grad: P; readonly aux: Aux } {
  return (params, ...rest) => {
    const all = tensorLeaves(where, "the parameter", params);
    const { loss, aux } = lossOf(where, fn(params, ...rest));
    const isFree = all.map(([path, t]) => t.dtype === "float32" && !frozen?.(path));
    const grads = gradients(
      loss,
      all.flatMap(([, t], i) => (isFree[i] ? [t] : [])),
    );
    let next = 0;
    // By the order of the leaves: two of them may have one dotted path.
    const grad = unflatten(
      params,
      all.map(([, t], i) => (isFree[i] ? grads[next++]! : fill(t.shape, 0, t.dtype))),
    ) as P;
    return { value: loss, grad, aux };
  };
}

/** The parts of what a differentiable function returned. */
function lossOf<Aux>(where: string, result: LossResult<Aux>): { readonly loss: Tensor; readonly aux: Aux } {
  if (result instanceof Tensor) return { loss: result, aux: undefined as Aux };
  const loss = (result as { readonly loss?: unknown } | null | undefined)?.loss;
  if (loss instanceof Tensor) return { loss, aux: result.aux };
  throw graphError(
    where,
    "the function must return a float32 scalar of the graph, or { loss, aux }",
    loss === undefined ? kindOf(result) : `${kindOf(loss)} as loss`,
  );
}

/** `valueAndGrad` without the value. */
export function grad<P, Rest extends readonly unknown[]>(
  fn: (params: P, ...rest: Rest) => LossResult<unknown>,
  options: GradOptions = {},
): (params: P, ...rest: Rest) => P {
  checkOptions("grad", options, ["frozen"]);
  const both = differentiate("grad", fn, options);
  return (params, ...rest) => both(params, ...rest).grad;
}
