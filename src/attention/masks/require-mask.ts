// What is no mask, refused where it is given.

import { inputError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { Tensor } from "../../core/tensor.ts";
import type { Mask } from "./mask.ts";

/** Refuses what is no `Mask`. @param expected - what must be one, as the message says it. */
export function requireMask(where: string, expected: string, value: unknown): asserts value is Mask {
  if (typeof (value as Mask | null | undefined)?.allowed === "function") return;
  throw inputError(
    where,
    `${expected} must be a Mask`,
    value instanceof Tensor ? `a Tensor ${value.toString()}` : kindOf(value),
    value instanceof Tensor || value instanceof NdArray
      ? "Say what its values mean: allow(x), keyPadding(x), or an importer."
      : undefined,
  );
}
