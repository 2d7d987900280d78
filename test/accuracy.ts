// How far float32 may lie from what torch gives in float64: the one line that every mechanism is held to.

import { largestError } from "./close.ts";

/** Whether a tensor is a result or a gradient. */
export type Kind = "output" | "gradient";

/** A tensor that is known to miss the line that torch's own float32 draws, with what was measured. */
export interface AccuracyException {
  /** Errors of torch's own float32 that are allowed, instead of 2. */
  readonly times: number;
  /** Where the error comes from. */
  readonly reason: string;
}

/** Two times the error of torch's own float32: another order of the same sums is no error. */
const timesTorch = 2;
/** What rounding alone may cost a tensor, where torch happened to be exact. */
const ulps = 4;

/**
 * The largest error allowed: 1e-5 max(1, scale) for results and 1e-4 scale for gradients; and where the error of torch's
 * own float32 is known, no more than 2 times that, or 4 units in the last place of the largest number.
 *
 * @param scale - the largest number of the reference.
 * @param torchError - the largest error of torch's float32 on this tensor; undefined where it was not recorded.
 */
export function allowedError(kind: Kind, scale: number, torchError?: number, times: number = timesTorch): number {
  const plain = kind === "output" ? 1e-5 * Math.max(1, scale) : 1e-4 * scale;
  if (torchError === undefined) return plain;
  return Math.min(plain, Math.max(times * torchError, ulps * ulpOf(scale)));
}

/** The distance of neighbouring float32 numbers at `x`. */
export function ulpOf(x: number): number {
  const size = Math.abs(x);
  return size < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(size)) - 23);
}

/** One comparison with float64. */
export interface Measured {
  readonly name: string;
  readonly kind: Kind;
  readonly actual: ArrayLike<number>;
  readonly reference: ArrayLike<number>;
  readonly torchError?: number;
  readonly exception?: AccuracyException;
}

/** A sentence for every tensor that misses the line, and for every exception that is not needed. */
export function accuracyFaults(measured: readonly Measured[]): readonly string[] {
  return measured.flatMap(({ name, kind, actual, reference, torchError, exception }) => {
    const { error, scale, at } = largestError(actual, reference);
    const allowed = allowedError(kind, scale, torchError, exception?.times);
    const torch = torchError === undefined ? "" : `, torch's float32 is off by ${torchError}`;
    if (actual.length !== reference.length)
      return [`${name}: expected ${reference.length} values, got ${actual.length}`];
    if (!(error <= allowed))
      return [`${name}: element ${at} is off by ${error}, allowed ${allowed} (largest ${scale}${torch})`];
    if (exception && error <= allowedError(kind, scale, torchError))
      return [`${name}: keeps the line without its exception, off by ${error}${torch}`];
    return [];
  });
}
