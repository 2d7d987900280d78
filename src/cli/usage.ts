// A command line that cannot be understood: it ends with exit code 2, where a command that fails ends with 1.

/** Wrong usage: an unknown option, a missing operand, a value out of its range, options that exclude each other. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
