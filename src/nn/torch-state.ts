// Reading torch's state dictionaries: names under a prefix, shapes checked, storage dtypes turned into those that compute.

import { allocate, type TypedArray } from "../core/dtype.ts";
import { checkOptions, inputError, optionError } from "../core/errors.ts";
import { kindOf, NdArray } from "../core/ndarray.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "../files/half.ts";

/** A state dictionary: torch's names and layouts, as `decodeSafetensors` gives it. */
export type TorchState = ReadonlyMap<string, NdArray> | Readonly<Record<string, NdArray>>;

/** How parameters are taken over. */
export interface TorchOptions {
  /** dtype of the parameters. Default float32, which computes; float64 keeps all digits, for the reference. */
  readonly dtype?: "float32" | "float64";
}

/** The tensors of a state dictionary by name. @throws HeedError when it is neither a Map nor an object. */
export function stateEntries(where: string, state: TorchState): Iterable<readonly [string, NdArray]> {
  if (typeof state !== "object" || state === null)
    throw inputError(where, "the weights must be a Map or an object of NdArrays by name", kindOf(state));
  return state instanceof Map ? state : Object.entries(state);
}

/** One module of a state dictionary: the tensors whose names are the prefix and one more part. */
export class TorchModule {
  readonly #where: string;
  readonly #prefix: string;
  readonly #dtype: "float32" | "float64";
  readonly #own: ReadonlyMap<string, NdArray>;
  readonly #taken = new Set<string>();

  /** @param where - the importer, for messages; @param prefix - the module's dotted path, empty for the top. */
  constructor(where: string, state: TorchState, prefix: string, options: TorchOptions) {
    checkOptions(where, options, ["dtype"]);
    if (typeof prefix !== "string") throw optionError(where, "prefix must be a dotted path", kindOf(prefix));
    this.#where = where;
    this.#prefix = prefix === "" ? "" : `${prefix}.`;
    this.#dtype = options.dtype ?? "float32";
    const own = new Map<string, NdArray>();
    for (const [name, array] of stateEntries(where, state)) {
      const rest = name.slice(this.#prefix.length);
      // A further dot means a module inside this one.
      if (name.startsWith(this.#prefix) && !rest.includes(".")) own.set(rest, array);
    }
    this.#own = own;
  }

  has(name: string): boolean {
    return this.#own.has(name);
  }

  /**
   * A tensor by name.
   *
   * @param shape - its sizes; null where any is right.
   * @param axes - what the axes are, for messages, for instance `(4H, I)`.
   * @throws HeedError when it is missing, of another shape, or not of floating point.
   */
  take(name: string, shape: readonly (number | null)[], axes: string): NdArray {
    const array = this.#own.get(name);
    if (!array)
      throw inputError(this.#where, `a tensor named ${this.#prefix}${name} ${axes} is required`, this.#namesBeside());
    this.#taken.add(name);
    const fits = array.shape.length === shape.length && shape.every((n, i) => n === null || n === array.shape[i]);
    if (!fits)
      throw inputError(
        this.#where,
        `${this.#prefix}${name} must be ${axes}, here [${shape.map((n) => n ?? "any").join(", ")}]`,
        array.toString(),
      );
    const data = this.#elements(name, array);
    if (array.dtype === this.#dtype) return new NdArray(this.#dtype, array.shape, data);
    const out = allocate(this.#dtype, data.length);
    for (let i = 0; i < data.length; i++) out[i] = data[i]!;
    return new NdArray(this.#dtype, array.shape, out);
  }

  /** Refuses tensors of the module that nobody took. */
  finish(): void {
    const rest = [...this.#own.keys()].filter((name) => !this.#taken.has(name));
    if (rest.length > 0)
      throw inputError(
        this.#where,
        "every tensor of the module must have a place",
        `unknown ${rest.map((name) => this.#prefix + name).join(", ")}`,
      );
  }

  #elements(name: string, { dtype, data }: NdArray): TypedArray {
    if (dtype === "float32" || dtype === "float64") return data.slice();
    if (dtype === "float16") return float16ToFloat32(data as Uint16Array);
    if (dtype === "bfloat16") return bfloat16ToFloat32(data as Uint16Array);
    throw inputError(this.#where, `${this.#prefix}${name} must be of floating point`, dtype);
  }

  #namesBeside(): string {
    const names = [...this.#own.keys()];
    if (names.length === 0) return this.#prefix === "" ? "no names without a prefix" : `no name under ${this.#prefix}`;
    return `only ${names
      .slice(0, 12)
      .map((name) => this.#prefix + name)
      .join(", ")}${names.length > 12 ? ` and ${names.length - 12} more` : ""}`;
  }
}

/** Zeros, of the dtype that is taken over. */
export function blankLike(like: NdArray, shape: readonly number[]): NdArray {
  return new NdArray(
    like.dtype,
    shape,
    allocate(
      like.dtype,
      shape.reduce((a, b) => a * b, 1),
    ),
  );
}

/**
 * torch's (out, in) as our (in, out), or back. The rows, and with them our columns, lie in equal blocks (gates):
 * block k of the result is block `order[k]` of torch's. An order that is its own inverse serves both ways.
 */
export function turn(a: NdArray, to: "ours" | "torch", order: readonly number[] = [0]): NdArray {
  const [rows, columns] = a.shape as readonly [number, number];
  const out = allocate(a.dtype, a.size);
  const size = (to === "ours" ? rows : columns) / order.length;
  const from = (i: number): number => order[Math.floor(i / size)]! * size + (i % size);
  for (let r = 0; r < columns; r++)
    for (let c = 0; c < rows; c++)
      out[r * rows + c] = a.data[to === "ours" ? from(c) * columns + r : c * columns + from(r)]!;
  return new NdArray(a.dtype, [columns, rows], out);
}

/** A bias with its blocks reordered as `turn` reorders a weight's. */
export function turnBias(a: NdArray, order: readonly number[]): NdArray {
  const size = a.size / order.length;
  const out = allocate(a.dtype, a.size);
  order.forEach((block, k) => out.set(a.data.subarray(block * size, (block + 1) * size) as never, k * size));
  return new NdArray(a.dtype, a.shape, out);
}
