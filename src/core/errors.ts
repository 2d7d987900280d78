// Errors as data: every failure says where it arose, what was required, what arrived and how to repair it.

/** The kinds of failure; a program may branch on `error.code`. */
export type ErrorCode =
  | "shape"
  | "dtype"
  | "option"
  | "input"
  | "file"
  | "graph"
  | "engine"
  | "disposed"
  | "not-finite"
  | "aborted"
  | "internal";

/** The facts of a failure. The sentence is made from them. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  /** The public function or the file in which it arose. */
  readonly where: string;
  /** What was required. */
  readonly expected: string;
  /** What arrived, with dtype and shape where it is a tensor. */
  readonly got?: string;
  /** The repair. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The one error class of heed: `where: expected, got got. hint`. */
export class HeedError extends Error {
  readonly code: ErrorCode;
  readonly where: string;
  readonly expected: string;
  readonly got: string | undefined;
  readonly hint: string | undefined;

  constructor(facts: ErrorFacts) {
    const got = facts.got === undefined ? "" : `, got ${facts.got}`;
    const hint = facts.hint === undefined ? "" : `${/[.\n]$/.test(facts.expected + got) ? " " : ". "}${facts.hint}`;
    super(`${facts.where}: ${facts.expected}${got}${hint}`, facts.cause === undefined ? {} : { cause: facts.cause });
    this.name = "HeedError";
    this.code = facts.code;
    this.where = facts.where;
    this.expected = facts.expected;
    this.got = facts.got;
    this.hint = facts.hint;
  }
}

const raise =
  (code: ErrorCode) =>
  (where: string, expected: string, got?: string, hint?: string): HeedError =>
    new HeedError({
      code,
      where,
      expected,
      ...(got === undefined ? {} : { got }),
      ...(hint === undefined ? {} : { hint }),
    });

/** Axes or sizes that do not fit; thrown while the graph is built, before any data is touched. */
export const shapeError: ReturnType<typeof raise> = raise("shape");
/** A dtype that an operation does not take. */
export const dtypeError: ReturnType<typeof raise> = raise("dtype");
/** An option that is unknown or out of its range. */
export const optionError: ReturnType<typeof raise> = raise("option");
/** A value from a user (a word, an argument) that cannot be used. */
export const inputError: ReturnType<typeof raise> = raise("input");
/** A file from outside that is damaged, hostile or of another version. */
export const fileError: ReturnType<typeof raise> = raise("file");
/** A graph that breaks a rule (not differentiable, input missing). */
export const graphError: ReturnType<typeof raise> = raise("graph");
/** A bug of heed itself. */
export const internalError: ReturnType<typeof raise> = raise("internal");

/** Refuses what is no object of options, and options that a function does not know, listing those it does. */
export function checkOptions(where: string, options: unknown, known: readonly string[]): void {
  const names = known.join(", ") || "(none)";
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw optionError(where, `options must be an object with ${names}`, kindOfOptions(options));
  for (const key of Object.keys(options))
    if (!known.includes(key)) throw optionError(where, `options must be among ${names}`, JSON.stringify(key));
}

function kindOfOptions(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
