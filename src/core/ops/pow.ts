// Powers with a tensor or a number as exponent.

import { defineBinary, mul, sub, type Binary } from "./binary.ts";
import { and, equal, lessEqual } from "./compare.ts";
import { where } from "./select.ts";
import { fillValue } from "./source.ts";
import { log } from "./unary.ts";
import type { Tensor } from "../tensor.ts";

/** d/da of a^b, finite wherever it is: b a^(b-1) would be 0 times Infinity at a = b = 0. */
function slopeInBase(a: Tensor, b: Tensor): Tensor {
  const exponent = fillValue(b);
  if (exponent === 0) return mul(b, 0);
  if (exponent !== null) return mul(b, pow(a, exponent - 1));
  const flat = and(equal(a, 0), equal(b, 0));
  return mul(b, pow(a, sub(where(flat, 1, b), 1)));
}

/** d/db of a^b = y: y log(a) would be 0 times -Infinity at a = 0 < b; there it is 0. */
function slopeInExponent(a: Tensor, b: Tensor, y: Tensor): Tensor {
  const flat = and(equal(a, 0), lessEqual(0, b));
  return mul(y, log(where(flat, 1, a)));
}

/** a to the b; where b is not an integer, a must be positive. The gradient in b needs a > 0, and is 0 at a = 0 <= b. */
export const pow: Binary = defineBinary({
  name: "pow",
  onnx: "Pow",
  stretch: true,
  floatOnly: true,
  reference: (a, b) => a ** b,
  vjp: (g, a, b, y) => [mul(g, slopeInBase(a, b)), mul(g, slopeInExponent(a, b, y))],
});
