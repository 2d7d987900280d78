// What decides which compiled session serves a call: the structure of the arguments, their types, and static values.

import { inputError } from "../core/errors.ts";
import { NdArray } from "../core/ndarray.ts";
import { input } from "../core/ops/source.ts";
import type { Tensor } from "../core/tensor.ts";
import { leaves, mapTree } from "../core/tree.ts";

/** The arguments of one call, taken apart. */
export interface BoundArguments {
  /** Equal for calls that one session can serve. */
  readonly signature: string;
  /** The arrays in order of their paths; numbers became float32 scalars. */
  readonly arrays: readonly NdArray[];
  readonly paths: readonly string[];
}

/** Takes the arguments of a compiled function apart. @throws HeedError naming the argument that is neither array, number nor static. */
export function bindArguments(where: string, args: readonly unknown[], statics: ReadonlySet<number>): BoundArguments {
  const arrays: NdArray[] = [];
  const paths: string[] = [];
  const parts: string[] = [];
  args.forEach((arg, i) => {
    if (statics.has(i)) {
      parts.push(`static ${JSON.stringify(arg)}`);
      return;
    }
    const shape = mapTree<unknown, unknown, string>(arg, (leaf, path) => {
      const value = toArray(where, leaf, path === "" ? `argument ${i}` : `argument ${i}.${path}`);
      arrays.push(value);
      paths.push(path === "" ? `${i}` : `${i}.${path}`);
      return value.toString();
    });
    parts.push(JSON.stringify(shape));
  });
  return { signature: parts.join("; "), arrays, paths };
}

/** The arguments as graph inputs, in the order of `bindArguments`' arrays. */
export function traceArguments(
  args: readonly unknown[],
  statics: ReadonlySet<number>,
): { readonly traced: readonly unknown[]; readonly inputs: readonly Tensor[] } {
  const inputs: Tensor[] = [];
  const traced = args.map((arg, i) => {
    if (statics.has(i)) return arg;
    return mapTree<unknown, unknown, Tensor>(arg, (leaf, path) => {
      const tensor =
        leaf instanceof NdArray
          ? input(leaf.shape, leaf.dtype, `${i}${path === "" ? "" : `.${path}`}`)
          : input([], "float32", `${i}`);
      inputs.push(tensor);
      return tensor;
    });
  });
  return { traced, inputs };
}

/** Dotted paths and leaves of a result, for outputs. */
export function resultLeaves(result: unknown): readonly (readonly [string, Tensor])[] {
  return leaves<Tensor>(result);
}

function toArray(where: string, leaf: unknown, at: string): NdArray {
  if (leaf instanceof NdArray) return leaf;
  if (typeof leaf === "number") return new NdArray("float32", [], Float32Array.of(leaf));
  throw inputError(
    where,
    `${at} must be an NdArray, a number, or declared static`,
    leaf === null ? "null" : typeof leaf,
    "List its position in `static`.",
  );
}
