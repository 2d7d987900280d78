// Trees: nested plain objects and arrays with leaves of one kind. Parameters, gradients, moments and checkpoints are trees.

import { inputError } from "./errors.ts";
import { NdArray } from "./ndarray.ts";
import { checkTensor } from "./op.ts";
import { Tensor } from "./tensor.ts";

/** A tree with leaves `T`. Parameter types are `type` aliases: interfaces and classes do not match it. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** Whether `P` is a tree of which nothing is known but its leaves `A`. */
export type IsOpenTree<P, A> = unknown extends P ? false : [Tree<A>] extends [P] ? true : false;

/** The tree `P` with its leaves `A` replaced by `B`. */
export type MapTree<P, A, B> =
  IsOpenTree<P, A> extends true ? Tree<B> : P extends A ? B : { readonly [K in keyof P]: MapTree<P[K], A, B> };

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
  // fromEntries makes own members of all keys, of `__proto__` too.
  return Object.fromEntries(
    members(tree).map(([key, value]) => [key, mapTree<unknown, A, B>(value, fn, joinPath(path, key))]),
  ) as MapTree<P, A, B>;
}

/** The members of a tree's object that are there. */
function members(tree: unknown): readonly (readonly [key: string, value: unknown])[] {
  return Object.entries(tree as Record<string, unknown>).filter(([, value]) => value !== undefined);
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

/** The leaves of a tree of tensors. @throws HeedError naming the first leaf that is none. */
export function tensorLeaves(
  where: string,
  what: string,
  tree: unknown,
): readonly (readonly [path: string, leaf: Tensor])[] {
  const all = leaves<Tensor>(tree);
  for (const [path, leaf] of all) checkTensor(where, path === "" ? what : `${what} at ${path}`, leaf);
  return all;
}

/** A tree of the structure of `structure` whose leaves come from `values` in order. */
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

/**
 * `fn` over the leaves of two trees of one structure.
 *
 * @throws HeedError naming the first place at which the structures differ.
 */
export function zipTrees<P, A, B, C>(a: P, b: unknown, fn: (a: A, b: B, path: string) => C): MapTree<P, A, C> {
  return zipAt(a, b, fn as (a: unknown, b: unknown, path: string) => C, "") as MapTree<P, A, C>;
}

function zipAt(a: unknown, b: unknown, fn: (a: unknown, b: unknown, path: string) => unknown, path: string): unknown {
  const kinds = [a, b].map((tree) => (isLeaf(tree) ? "a leaf" : Array.isArray(tree) ? "a list" : "an object"));
  if (kinds[0] !== kinds[1])
    throw inputError(
      "zipTrees",
      `both trees must have ${kinds[0]!} at ${path || "the root"}`,
      `${kinds[1]!} in the second`,
    );
  if (isLeaf(a)) return fn(a, b, path);
  const own = new Map(members(a));
  const other = new Map(members(b));
  for (const [first, second, which] of [
    [own, other, "second"],
    [other, own, "first"],
  ] as const)
    for (const key of first.keys())
      if (!second.has(key))
        throw inputError("zipTrees", `both trees must have ${joinPath(path, key)}`, `a ${which} tree without it`);
  const zipped = [...own].map(([key, value]) => [key, zipAt(value, other.get(key), fn, joinPath(path, key))] as const);
  return Array.isArray(a) ? zipped.map(([, value]) => value) : Object.fromEntries(zipped);
}
