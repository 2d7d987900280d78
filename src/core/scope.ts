// Scopes: the dotted place in a model at which a node was made, for sites, profiles and error messages.

// The one piece of mutable module state in core: tracing is synchronous, and a stack that mirrors the call stack
// spares every layer a parameter. `scope` restores it even when the body throws.
const stack: string[] = [];

/**
 * Runs `body`; every node and site made inside is named under `name`.
 *
 * @param name - one or more dotted parts, for instance `"encoder.0"`.
 * @returns what `body` returns.
 */
export function scope<R>(name: string, body: () => R): R {
  stack.push(name);
  try {
    return body();
  } finally {
    stack.pop();
  }
}

/** The dotted name of the scope in which the caller runs; empty outside every scope. */
export function currentScope(): string {
  return stack.join(".");
}
