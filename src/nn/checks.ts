// What layers require of their parameters and sizes: a mistake is named before any shape is read.

import { inputError, optionError } from "../core/errors.ts";
import { kindOf } from "../core/ndarray.ts";

/** Refuses parameters, or what `what` says, that are no object or lack a branch. Branches that may be missing are not named. */
export function checkParams(where: string, params: unknown, branches: readonly string[], what = "params"): void {
  const required = `${what} must be an object with ${branches.join(", ")}`;
  if (typeof params !== "object" || params === null) throw inputError(where, required, kindOf(params));
  const missing = branches.filter((name) => (params as Readonly<Record<string, unknown>>)[name] === undefined);
  if (missing.length === 0) return;
  const there = Object.keys(params).join(", ") || "nothing";
  throw inputError(where, required, there, what === "params" ? "The layer's init function makes it." : undefined);
}

/** Refuses a configuration that is none, and sizes that are no integers >= 1. */
export function checkSizes(where: string, config: unknown, names: readonly string[]): void {
  if (typeof config !== "object" || config === null)
    throw optionError(where, `the configuration must be an object with ${names.join(", ")}`, kindOf(config));
  for (const name of names) {
    const size = (config as Readonly<Record<string, unknown>>)[name];
    if (!Number.isSafeInteger(size) || (size as number) < 1)
      throw optionError(
        where,
        `${name} must be an integer >= 1`,
        typeof size === "number" ? String(size) : kindOf(size),
      );
  }
}
