// What a command is: one object with its operands, its options, an example and what it does. One file a command.

import type { Console } from "./console.ts";
import { UsageError } from "./usage.ts";

/** An option in the notation of the help: `--beam <n>`. */
export interface CommandOption {
  readonly flags: string;
  readonly summary: string;
  /** What the help says of the default, where there is one. */
  readonly fallback?: string;
  /** Checks and reads the value. @throws UsageError */
  readonly read?: (text: string) => unknown;
}

/** An operand in the notation of the help: `<word...>` or `[folder]`. */
export interface CommandOperand {
  readonly name: string;
  readonly summary: string;
}

/** One call of a command. Options have the names of their long flags in camel case; those not given are absent. */
export interface CommandCall<O> {
  readonly operands: readonly string[];
  readonly options: O & { readonly json?: true };
  readonly console: Console;
}

/** A command. `O` is the type of its options. */
export interface Command<O = unknown> {
  readonly summary: string;
  readonly operands?: readonly CommandOperand[];
  /** `--json` and `--help` are added to them. */
  readonly options: readonly CommandOption[];
  /** A whole command line, shown by the help, and what it does. */
  readonly example: { readonly line: string; readonly does: string };
  /**
   * Runs it: results on stdout (with `--json` exactly one JSON document), all else on stderr.
   *
   * @returns the exit code.
   * @throws HeedError, which is printed and ends with exit code 1; UsageError, which ends with 2.
   */
  run(call: CommandCall<O>): Promise<number>;
}

/** Reads a whole number within bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) throw new UsageError(`must be a whole number from ${least} to ${most}`);
    return value;
  };
}

/** Reads a number within bounds. */
export function realNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d*\.?\d+(e-?\d{1,3})?$/i.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) throw new UsageError(`must be a number from ${least} to ${most}`);
    return value;
  };
}

/** Reads one of some words. */
export function oneOf<const T extends string>(...allowed: readonly T[]): (text: string) => T {
  return (text) => {
    const found = allowed.find((value) => value === text);
    if (found === undefined) throw new UsageError(`must be one of ${allowed.join(", ")}`);
    return found;
  };
}

/** Reads a path. */
export function path(text: string): string {
  if (text === "" || text.includes("\0")) throw new UsageError("must be a path");
  return text;
}
