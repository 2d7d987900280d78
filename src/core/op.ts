// What an op is: one object that holds its shape rule, gradient, ONNX rule and float64 reference.

import { dtypes, type DType, type TypedArray } from "./dtype.ts";
import { graphError, internalError } from "./errors.ts";
import { kindOf, NdArray } from "./ndarray.ts";
import { currentScope } from "./scope.ts";
import { show, Tensor, type Node, type TensorType } from "./tensor.ts";

/** A tuple of the same arity as `In`, of `T`. */
export type Each<In extends readonly unknown[], T> = { readonly [K in keyof In]: T };

/** An array of the reference: always float64, whatever the dtype; bool is 0 or 1. Row-major. */
export interface RefArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Where a graph will run. An ONNX rule may emit other nodes for another target; the values stay the same. */
export interface Target {
  readonly device: "cpu" | "wasm" | "webgpu";
}

/** An attribute of an ONNX node. Integers are numbers in `ints`/`int`, so that 1 and 1.0 differ. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly ints: readonly number[] }
  | { readonly floats: readonly number[] }
  | { readonly graph: OnnxSubgraph };

/** A body for `Scan` and its kind, built by `OnnxBuilder.subgraph`; opaque to ops. */
export interface OnnxSubgraph {
  readonly kind: "subgraph";
}

/** What ONNX rules write to. Values are named by strings. */
export interface OnnxBuilder {
  /** Emits a node and returns the names of its outputs. */
  nodes(
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    options?: { readonly outputs?: number; readonly domain?: string },
  ): readonly string[];
  /** Emits a node with one output and returns its name. */
  node(
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    domain?: string,
  ): string;
  /** A constant, shared with every equal one. int64 data may be given as numbers. */
  constant(dtype: DType, shape: readonly number[], data: TypedArray | readonly number[]): string;
  /**
   * The body of a loop: `outputs` of a graph as a function of `inputs`.
   *
   * @param given - the names of values of the surroundings that stand for other tensors of the body.
   */
  subgraph(inputs: readonly Tensor[], outputs: readonly Tensor[], given: ReadonlyMap<Tensor, string>): OnnxSubgraph;
  /** The nodes of `outputs` put in at this place, with values in place of tensors; returns the outputs' names. */
  inline(outputs: readonly Tensor[], given: ReadonlyMap<Tensor, string>): readonly string[];
}

/** What an ONNX rule may know besides its inputs' names. */
export interface LowerContext<In extends readonly unknown[], A> {
  readonly types: Each<In, TensorType>;
  readonly outputs: readonly TensorType[];
  /** Whether anybody reads the output; the name of one that nobody reads may be empty. */
  readonly used: readonly boolean[];
  readonly attrs: A;
  readonly target: Target;
}

/** A graph that an op holds: `outputs` as a function of `inputs`. */
export interface BodyGraph {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** One primitive. Shared code never asks for an op's name: an op that needs special treatment declares a property here. */
export interface OpDef<In extends readonly Tensor[], A extends object> {
  readonly name: string;
  /** Shape and dtype rule: one type per output. Throws `HeedError`; there is no data to read. */
  infer(inputs: In, attrs: A): readonly TensorType[];
  /**
   * Gradient rule: from the outputs' gradients (`null` where unused) to one entry per input, `null` where not differentiable.
   * It uses public ops only, and may return the gradient at the broadcast shape: the walk sums it back.
   */
  vjp(grads: readonly (Tensor | null)[], inputs: In, outputs: readonly Tensor[], attrs: A): Each<In, Tensor | null>;
  /** ONNX rule: emits nodes for one target, returns the outputs' names. */
  lower(onnx: OnnxBuilder, names: Each<In, string>, context: LowerContext<In, A>): readonly string[];
  /** Float64 reference in plain JavaScript: the oracle of every test and gradient check. */
  evaluate(inputs: Each<In, RefArray>, attrs: A): readonly RefArray[];
  /** `feed`: the value comes from outside at each run. `random`: the engine draws it. Such ops have no ONNX rule. */
  readonly source?: "feed" | "random";
  /** One tensor for the sum of several outputs of this op, where that is cheaper than adding them; else null. */
  mergeSum?(terms: readonly Tensor[]): Tensor | null;
  /**
   * How the sum of an output over the steps of a loop follows from its operands stacked over the steps (a new first
   * axis): for ops where that is cheaper than adding step by step.
   */
  sumOverSteps?(term: Tensor): { readonly operands: readonly Tensor[]; combine(stacked: readonly Tensor[]): Tensor };
  /** Which inputs the given outputs depend on. Default: all. */
  reads?(used: readonly boolean[], attrs: A): readonly boolean[];
  /** The graph that the op holds, for loops. It is an attribute, so that `inputs` may be any tensors that cut it. */
  bodyOf?(attrs: A): BodyGraph;
  /** Floating-point operations of one application; default: one an output element. */
  flops?(inputs: readonly TensorType[], outputs: readonly TensorType[], attrs: A): number;
}

// Nodes hold ops of every arity and attribute type side by side; each op's own rules only ever meet its own nodes.
// eslint-disable-next-line typescript/no-explicit-any
export type AnyOp = OpDef<any, any>;

/**
 * Declares an op and returns the function that applies it.
 *
 * @returns `(inputs, attrs)` -> the outputs, with types from the op's shape rule.
 * @throws HeedError from the shape rule, when the function is called.
 */
export function defineOp<In extends readonly Tensor[], A extends object>(
  op: OpDef<In, A>,
): (inputs: In, attrs: A) => readonly Tensor[] {
  return (inputs, attrs) => applyOp(op, inputs, attrs);
}

/** Makes the node of one application of `op`. @throws HeedError when an input is no tensor, or from the shape rule. */
export function applyOp<In extends readonly Tensor[], A extends object>(
  op: OpDef<In, A>,
  inputs: In,
  attrs: A,
): readonly Tensor[] {
  inputs.forEach((x, i) => checkTensor(op.name, `input ${i}`, x));
  const types = op.infer(inputs, attrs);
  checkTypes(op.name, types);
  const outputs: Tensor[] = [];
  const node: Node = {
    op,
    inputs: Object.freeze([...inputs]),
    // A copy: the caller's own object stays free to change.
    attrs: Object.freeze({ ...attrs }),
    outputs,
    scope: currentScope(),
  };
  types.forEach((type, i) =>
    outputs.push(new Tensor(node, i, { dtype: type.dtype, shape: Object.freeze([...type.shape]) })),
  );
  Object.freeze(outputs);
  return Object.freeze(node).outputs;
}

/** Refuses what is no tensor, above all an array where a node of the graph is required. */
export function checkTensor(where: string, what: string, value: unknown): asserts value is Tensor {
  if (value instanceof Tensor) return;
  throw graphError(
    where,
    `${what} must be a Tensor`,
    kindOf(value),
    value instanceof NdArray ? "Pass it as an argument, or wrap it in constant()." : undefined,
  );
}

/** Refuses what a shape rule must not give: nothing, a dtype that heed does not know, an axis that is no size. */
function checkTypes(name: string, types: readonly TensorType[]): void {
  if (!Array.isArray(types)) throw internalError(name, "the shape rule must give a list of types", kindOf(types));
  if (types.length === 0) throw internalError(name, "the shape rule must give at least one output");
  for (const type of types as readonly Partial<TensorType>[]) {
    const { dtype, shape } = type ?? {};
    const valid =
      dtype !== undefined &&
      dtypes.includes(dtype) &&
      Array.isArray(shape) &&
      shape.every((n) => Number.isInteger(n) && n >= 0);
    if (!valid)
      throw internalError(
        name,
        "the shape rule must give known dtypes and axes that are integers >= 0",
        dtype !== undefined && Array.isArray(shape) ? show({ dtype, shape }) : kindOf(type),
      );
  }
}
