// Powers with a tensor or a number as exponent.

import { defineBinary, mul, sub, type Binary } from "./binary.ts";
import { log } from "./unary.ts";

/** a to the b; where b is not an integer, a must be positive. The gradient in b needs a > 0. */
export const pow: Binary = defineBinary({
  name: "pow",
  onnx: "Pow",
  stretch: true,
  floatOnly: true,
  reference: (a, b) => a ** b,
  vjp: (g, a, b, y) => [mul(g, mul(b, pow(a, sub(b, 1)))), mul(g, mul(y, log(a)))],
});
