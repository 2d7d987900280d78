// Trees: nested plain objects and arrays with leaves of one kind. Parameters, gradients, moments and checkpoints are trees.

import { inputError } from "./errors.ts";
import { NdArray } from "./ndarray.ts";
import { Tensor } from "./tensor.ts";

/** A tree with leaves `T`. Parameter types are `type` aliases: interfaces and classes do not match it. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** The tree `P` with its leaves `A` replaced by `B`. */
export type MapTree<P, A, B> = P extends A ? B : { readonly [K in keyof P]: MapTree<P[K], A, B> };

/** Whether a value is a leaf: an array, a graph node, or anything that is not a plain object or list. */
export function isLeaf(value: unknown): boolean {
  if (value instanceof NdArray || value instanceof Tensor) return true;
  if (Array.isArray(value)) return false;
  if (typeof value !== "object" || value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null;
}

/** Joins a dotted path. */
export function joinPath(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

/**
 * A tree of the same structure with `fn(leaf, path)` at every leaf. `undefined` members are left out.
 *
 * @param path - dotted path of the root; default empty.
 */
export function mapTree<P, A, B>(tree: P, fn: (leaf: A, path: string) => B, path = ""): MapTree<P, A, B> {
  if (isLeaf(tree)) return fn(tree as unknown as A, path) as MapTree<P, A, B>;
  if (Array.isArray(tree))
    return tree.map((item: unknown, i) => mapTree<unknown, A, B>(item, fn, joinPath(path, i))) as MapTree<P, A, B>;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(tree as Record<string, unknown>))
    if (value !== undefined) out[key] = mapTree<unknown, A, B>(value, fn, joinPath(path, key));
  return out as MapTree<P, A, B>;
}

/** `mapTree` for trees whose exact structure is not known to the type checker. */
export function mapLeaves<A, B>(tree: Tree<A>, fn: (leaf: A, path: string) => B): Tree<B> {
  return mapTree<unknown, A, B>(tree, fn) as Tree<B>;
}

/** The leaves of a tree with their dotted paths, in the order of the keys. */
export function leaves<T>(tree: unknown, path = ""): readonly (readonly [path: string, leaf: T])[] {
  const out: [string, T][] = [];
  mapTree<unknown, T, null>(tree, (leaf, at) => (out.push([at, leaf]), null), path);
  return out;
}

/** A tree of the structure of `shape` whose leaves come from `values` in order. */
export function unflatten<P, B>(structure: P, values: readonly B[]): MapTree<P, unknown, B> {
  let next = 0;
  return mapTree<P, unknown, B>(structure, () => values[next++]!);
}

/**
 * A tree of the structure of `like` whose leaves are looked up by dotted path.
 *
 * @throws HeedError when a path is missing, or `values` has one that the structure lacks.
 */
export function fromPaths<P, B>(where: string, like: P, values: ReadonlyMap<string, B>): MapTree<P, unknown, B> {
  const wanted = new Set<string>();
  const tree = mapTree<P, unknown, B>(like, (_leaf, path) => {
    wanted.add(path);
    const value = values.get(path);
    if (value === undefined) throw inputError(where, `a tensor named ${path} is required`, "none of that name");
    return value;
  });
  for (const path of values.keys())
    if (!wanted.has(path))
      throw inputError(where, "every tensor must belong to the model", `an unknown tensor ${path}`);
  return tree;
}

/** `fn` over the leaves of two trees of one structure. */
export function zipTrees<P, A, B, C>(a: P, b: unknown, fn: (a: A, b: B, path: string) => C): MapTree<P, A, C> {
  const others = new Map(leaves<B>(b));
  return mapTree<P, A, C>(a, (leaf, path) => {
    if (!others.has(path)) throw inputError("zipTrees", `both trees must have ${path}`, "a second tree without it");
    return fn(leaf, others.get(path)!, path);
  });
}
