// Trees of one structure walked side by side: parameters with their gradients and moments.

import { inputError } from "../core/errors.ts";
import { leaves } from "../core/tree.ts";

/** A leaf of the first tree with its dotted path, and the leaves of the other trees at that path, in their order. */
export interface Alongside<T> {
  readonly path: string;
  readonly leaf: T;
  readonly others: readonly T[];
}

/**
 * The leaves of `tree` in order, with those of others. They meet by path: keys in another order never mix two parameters up.
 *
 * @throws HeedError when a tree lacks a path, or has one more.
 */
export function alongside<T>(where: string, tree: unknown, ...others: readonly unknown[]): readonly Alongside<T>[] {
  const own = leaves<T>(tree);
  const maps = others.map((other) => new Map(leaves<T>(other)));
  for (const map of maps) {
    const known = new Set(own.map(([path]) => path));
    for (const path of map.keys())
      if (!known.has(path))
        throw inputError(where, "all trees must have the same paths", `${path} in one of them only`);
  }
  return own.map(([path, leaf]) => ({
    path,
    leaf,
    others: maps.map((map) => {
      if (!map.has(path)) throw inputError(where, "all trees must have the same paths", `one without ${path}`);
      return map.get(path)!;
    }),
  }));
}
