// Scopes: the dotted place in a model at which a node was made, for sites, profiles and error messages.

import { graphError } from "./errors.ts";

// Mutable module state, with the depth of loops (body.ts) the only one in core: tracing is synchronous, and a stack that mirrors the call stack
// spares every layer a parameter. `scope` restores it even when the body throws.
let stack: string[] = [];

/**
 * Runs `body`; every node and site made inside is named under `name`.
 *
 * @param name - one or more dotted parts, for instance `"encoder.0"`; an empty name adds none.
 * @returns what `body` returns.
 */
export function scope<R>(name: string, body: () => R): R {
  if (typeof name !== "string" || typeof body !== "function")
    throw graphError("scope", "a name and a function are required", `${typeof name} and ${typeof body}`);
  stack.push(name);
  try {
    return body();
  } finally {
    stack.pop();
  }
}

/** The dotted name of the scope in which the caller runs; empty outside every scope. */
export function currentScope(): string {
  return stack.filter((name) => name !== "").join(".");
}

/**
 * Runs `body` as if the caller stood in `scope` and nowhere else: gradient rules run long after their layer returned,
 * and their nodes are named after it.
 */
export function inScope<R>(scope: string, body: () => R): R {
  const outer = stack;
  stack = scope === "" ? [] : [scope];
  try {
    return body();
  } finally {
    stack = outer;
  }
}
