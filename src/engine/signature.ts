// What decides which compiled session serves a call: the structure of the arguments, their types, and static values.

import type { DType } from "../core/dtype.ts";
import { dtypeError, HeedError, inputError } from "../core/errors.ts";
import { kindOf, NdArray } from "../core/ndarray.ts";
import { input } from "../core/ops/source.ts";
import { Tensor } from "../core/tensor.ts";
import { isLeaf, leaves, mapTree } from "../core/tree.ts";

/** The arguments of one call, taken apart. */
export interface BoundArguments {
  /** Equal for calls that one session can serve. */
  readonly signature: string;
  /** The arrays in order of their paths; numbers became float32 scalars. */
  readonly arrays: readonly NdArray[];
  readonly paths: readonly string[];
}

/** What the runtimes compute with; the other dtypes only store. */
const fed: readonly DType[] = ["float32", "int32", "bool", "uint8"];

/** The signature rules of one compiled function. */
export class Signature {
  readonly #where: string;
  readonly #statics: ReadonlySet<number>;
  readonly #identities = new WeakMap<object, number>();
  #next = 0;

  /** @param statics - positions of arguments that the function gets as they are. */
  constructor(where: string, statics: readonly number[]) {
    this.#where = where;
    this.#statics = new Set(statics);
  }

  /**
   * Takes the arguments of a call apart.
   *
   * @throws HeedError naming the argument that is neither array, number nor static.
   */
  bind(args: readonly unknown[]): BoundArguments {
    const arrays: NdArray[] = [];
    const paths: string[] = [];
    const parts = args.map((arg, i) => {
      if (this.#statics.has(i)) return `static ${this.#staticKey(arg)}`;
      // An optional argument that is not given is absent in the graph too.
      if (arg === undefined) return "absent";
      const types = mapTree<unknown, unknown, string>(
        arg,
        (leaf, path) => {
          const value = this.#toArray(leaf, path);
          arrays.push(value);
          paths.push(path);
          return value.toString();
        },
        String(i),
      );
      return JSON.stringify(types);
    });
    return { signature: parts.join("; "), arrays, paths };
  }

  /** The arguments as graph inputs, in the order of the arrays of `bind`. */
  trace(args: readonly unknown[]): { readonly traced: readonly unknown[]; readonly inputs: readonly Tensor[] } {
    const inputs: Tensor[] = [];
    const traced = args.map((arg, i) => {
      if (this.#statics.has(i) || arg === undefined) return arg;
      return mapTree<unknown, unknown, Tensor>(
        arg,
        (leaf, path) => {
          const tensor = leaf instanceof NdArray ? input(leaf.shape, leaf.dtype, path) : input([], "float32", path);
          inputs.push(tensor);
          return tensor;
        },
        String(i),
      );
    });
    return { traced, inputs };
  }

  #toArray(leaf: unknown, path: string): NdArray {
    if (typeof leaf === "number") return new NdArray("float32", [], Float32Array.of(leaf));
    if (!(leaf instanceof NdArray))
      throw inputError(
        this.#where,
        `argument ${path} must be an NdArray, a number, or declared static`,
        leaf instanceof Tensor ? `a Tensor ${leaf.toString()}` : kindOf(leaf),
        repairOf(leaf),
      );
    if (leaf.disposed)
      throw new HeedError({
        code: "disposed",
        where: this.#where,
        expected: `argument ${path} must not be disposed`,
        got: leaf.toString(),
      });
    if (!fed.includes(leaf.dtype))
      throw dtypeError(
        this.#where,
        `argument ${path} must be of a dtype that computes, ${fed.join(", ")}`,
        leaf.toString(),
        "Convert storage dtypes on the host.",
      );
    if (leaf.device === "host" && isShared(leaf.data.buffer))
      throw inputError(
        this.#where,
        `argument ${path} must not lie in a SharedArrayBuffer, which the runtimes do not read`,
        leaf.toString(),
        "Pass a copy: array(data.slice(), { shape }).",
      );
    if (leaf.dtype === "bool" && leaf.device === "host") {
      const odd = (leaf.data as Uint8Array).findIndex((byte) => byte > 1);
      if (odd >= 0)
        throw inputError(
          this.#where,
          `argument ${path} must hold bools of 0 or 1`,
          `${leaf.data[odd]} at element ${odd}`,
        );
    }
    return leaf;
  }

  /** Equal for values that a function cannot tell apart: primitives and plain data by content, all else by identity. */
  #staticKey(value: unknown): string {
    if (Array.isArray(value)) return `[${value.map((item) => this.#staticKey(item)).join(",")}]`;
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value === "symbol")
      throw inputError(this.#where, "a static argument must not be a symbol", String(value));
    if (typeof value === "function" || (typeof value === "object" && value !== null && isLeaf(value)))
      return `#${this.#identityOf(value)}`;
    if (typeof value === "object" && value !== null)
      return `{${Object.entries(value)
        .map(([key, item]) => `${JSON.stringify(key)}:${this.#staticKey(item)}`)
        .join(",")}}`;
    return `${typeof value} ${Object.is(value, -0) ? "-0" : String(value)}`;
  }

  #identityOf(value: object): number {
    const known = this.#identities.get(value);
    if (known !== undefined) return known;
    this.#identities.set(value, this.#next);
    return this.#next++;
  }
}

/** What to do about an argument of the wrong kind. */
function repairOf(leaf: unknown): string {
  if (leaf instanceof Tensor) return "A Tensor holds no numbers: pass an NdArray, as array() makes it.";
  return ArrayBuffer.isView(leaf) ? "Wrap it with array()." : "List its position in `static`.";
}

function isShared(buffer: ArrayBufferLike): boolean {
  return typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
}

/** Dotted paths and leaves of a result, for outputs. */
export function resultLeaves(result: unknown): readonly (readonly [string, Tensor])[] {
  return leaves<Tensor>(result);
}
