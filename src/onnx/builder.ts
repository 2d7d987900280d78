// Assembly of an ONNX graph: nodes, shared constants, equal nodes merged, subgraphs for loops.

import { sizeOf, type DType, type TypedArray } from "../core/dtype.ts";
import { graphError } from "../core/errors.ts";
import type { OnnxAttribute, OnnxBuilder, OnnxSubgraph } from "../core/op.ts";
import { onnxType } from "../core/ops/select.ts";
import type { Node, Tensor, TensorType } from "../core/tensor.ts";
import { attribute, rawBytes, valueInfo, type SubgraphMessage } from "./messages.ts";
import { ProtoWriter } from "./proto.ts";

/** Opset 21 and IR 10: the newest at which the runtime still has all kernels that training needs. */
export const opset = 21;
export const irVersion = 10;

/** Lowers the graph of `outputs` into a builder; given by `lower.ts`, so that bodies of loops are lowered alike. */
export type LowerBody = (
  builder: GraphBuilder,
  outputs: readonly Tensor[],
  given: ReadonlyMap<Tensor, string>,
) => readonly string[];

/** The names that all graphs of one model share: they are unique, and constants live once, in the outermost graph. */
interface ModelNames {
  next: number;
  readonly constants: Map<string, string>;
  /** Large constants by the array that holds them: weights that are used twice are written once. */
  readonly weights: Map<TypedArray, Map<string, string>>;
  readonly initializers: ProtoWriter[];
}

/** Writes one ONNX graph. */
export class GraphBuilder implements OnnxBuilder {
  /** For the name of each node of the model the node of heed's graph it was made for; `null` inside bodies. */
  readonly origins: Map<string, Node | null>;
  /** Bytes of all constants of the model. */
  constantBytes = 0;
  readonly #nodes: ProtoWriter[] = [];
  /** The values that nodes of this graph made. */
  readonly #made = new Set<string>();
  readonly #equal: Map<string, readonly string[]>;
  readonly #names: ModelNames;
  readonly #lowerBody: LowerBody;
  readonly #root: GraphBuilder;
  #label = "";
  #origin: Node | null = null;

  constructor(lowerBody: LowerBody, parent?: GraphBuilder) {
    this.#lowerBody = lowerBody;
    this.#names = parent ? parent.#names : { next: 0, constants: new Map(), weights: new Map(), initializers: [] };
    this.#root = parent ? parent.#root : this;
    this.origins = parent ? parent.origins : new Map();
    // A body may use what its surroundings computed, but not the other way round.
    this.#equal = new Map(parent ? parent.#equal : []);
  }

  /** Says on whose behalf the next nodes are emitted: their names begin with `label`, the scope and the op. */
  begin(origin: Node | null, label: string): void {
    this.#origin = origin;
    this.#label = label;
  }

  /** Number of nodes of this graph. */
  get nodeCount(): number {
    return this.#nodes.length;
  }

  nodes(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    { outputs = 1, domain = "" }: { readonly outputs?: number; readonly domain?: string } = {},
  ): readonly string[] {
    const pure = Object.values(attributes).every((a) => !("graph" in a));
    const key = pure ? `${domain}:${type}(${inputs.join(",")})${JSON.stringify(attributes, exact)}${outputs}` : "";
    const known = pure ? this.#equal.get(key) : undefined;
    if (known) return known;
    const names = Array.from({ length: outputs }, () => this.fresh());
    const node = new ProtoWriter();
    for (const input of inputs) node.string(1, input);
    for (const name of names) node.string(2, name);
    node.string(3, this.#nodeName(type, names[0]!)).string(4, type);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    if (domain !== "") node.string(7, domain);
    this.#nodes.push(node);
    for (const name of names) this.#made.add(name);
    if (pure) this.#equal.set(key, names);
    return names;
  }

  node(
    type: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, OnnxAttribute>>,
    domain?: string,
  ): string {
    return this.nodes(type, inputs, attributes ?? {}, domain === undefined ? {} : { domain })[0]!;
  }

  constant(dtype: DType, shape: readonly number[], data: TypedArray | readonly number[]): string {
    const bytes = rawBytes(dtype, sizeOf(shape), data);
    const type = `${dtype}[${shape.join(",")}]`;
    const { shared, key } = this.#sharing(type, bytes, data);
    const known = shared.get(key);
    if (known !== undefined) return known;
    const name = this.fresh();
    const tensor = new ProtoWriter();
    for (const n of shape) tensor.int(1, n);
    tensor.int(2, onnxType[dtype]).string(8, name).bytes(9, bytes);
    this.#names.initializers.push(tensor);
    this.#root.constantBytes += bytes.length;
    shared.set(key, name);
    return name;
  }

  /** Small constants are shared by content, large ones by the array that holds them. */
  #sharing(
    type: string,
    bytes: Uint8Array,
    data: TypedArray | readonly number[],
  ): { readonly shared: Map<string, string>; readonly key: string } {
    if (bytes.length <= 256) return { shared: this.#names.constants, key: `${type}${bytes.join(",")}` };
    if (!ArrayBuffer.isView(data)) return { shared: new Map(), key: type };
    const shared = this.#names.weights.get(data) ?? new Map<string, string>();
    this.#names.weights.set(data, shared);
    return { shared, key: type };
  }

  subgraph(inputs: readonly Tensor[], outputs: readonly Tensor[], given: ReadonlyMap<Tensor, string>): OnnxSubgraph {
    const body = new GraphBuilder(this.#lowerBody, this);
    body.begin(null, this.#label);
    const inputNames = inputs.map(() => body.fresh());
    const names = new Map(given);
    inputs.forEach((t, i) => names.set(t, inputNames[i]!));
    // An output of a body must be made by a node of the body, and two outputs must have two names.
    const taken = new Set<string>();
    const outputNames = this.#lowerBody(body, outputs, names).map((name) => {
      const own = body.#made.has(name) && !taken.has(name) ? name : body.named(name, body.fresh());
      taken.add(own);
      return own;
    });
    const subgraph: SubgraphMessage = {
      kind: "subgraph",
      proto: body.graph(inputNames, inputs, outputNames, outputs, "body"),
    };
    return subgraph;
  }

  inline(outputs: readonly Tensor[], given: ReadonlyMap<Tensor, string>): readonly string[] {
    const [origin, label] = [this.#origin, this.#label];
    const names = this.#lowerBody(this, outputs, given);
    this.begin(origin, label);
    return names;
  }

  /** A name that no value has yet. */
  fresh(): string {
    return `v${this.#names.next++}`;
  }

  /** An identity that gives a value a name of the caller's choice. */
  named(value: string, name: string): string {
    const node = new ProtoWriter()
      .string(1, value)
      .string(2, name)
      .string(3, this.#nodeName("Identity", name))
      .string(4, "Identity");
    this.#nodes.push(node);
    return name;
  }

  #nodeName(type: string, output: string): string {
    const name = `${this.#label}/${type}_${output}`;
    // The time of a loop is the time of its body, so a body's nodes have no origin of their own.
    this.origins.set(name, this.#root === this ? this.#origin : null);
    return name;
  }

  /** The graph message. Constants are part of the outermost graph. */
  graph(
    inputNames: readonly string[],
    inputTypes: readonly TensorType[],
    outputNames: readonly string[],
    outputTypes: readonly TensorType[],
    name: string,
  ): ProtoWriter {
    const graph = new ProtoWriter();
    for (const node of this.#nodes) graph.message(1, node);
    graph.string(2, name);
    if (this.#root === this) for (const tensor of this.#names.initializers) graph.message(5, tensor);
    inputNames.forEach((input, i) => graph.message(11, valueInfo(input, inputTypes[i]!)));
    outputNames.forEach((output, i) => graph.message(12, valueInfo(output, outputTypes[i]!)));
    return graph;
  }

  /** The whole model file. */
  model(
    inputNames: readonly string[],
    inputTypes: readonly TensorType[],
    outputNames: readonly string[],
    outputTypes: readonly TensorType[],
    name: string,
  ): Uint8Array {
    const model = new ProtoWriter().int(1, irVersion).string(2, "heed");
    model.message(7, this.graph(inputNames, inputTypes, outputNames, outputTypes, name));
    model.message(8, new ProtoWriter().string(1, "").int(2, opset));
    model.message(8, new ProtoWriter().string(1, "com.microsoft").int(2, 1));
    if (model.length >= 2 ** 31)
      throw graphError(
        "onnx",
        "a model may hold less than 2 GiB",
        `${model.length} bytes`,
        "Pass large weights as arguments instead of constants.",
      );
    return model.finish();
  }
}

/** JSON has no -0, NaN or Infinity; attributes that differ in them are not equal. */
function exact(_key: string, value: unknown): unknown {
  return typeof value === "number" && (Object.is(value, -0) || !Number.isFinite(value))
    ? `number ${1 / value} ${value}`
    : value;
}
