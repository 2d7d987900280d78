// Cases of the elementwise functions of one tensor.

import { caseOf, floats, given, oneShapes, refusalOf, shown, type OpCases, type Range } from "../op.cases.ts";
import { input } from "./source.ts";
import {
  abs,
  cos,
  erf,
  exp,
  floor,
  gelu,
  log,
  neg,
  reciprocal,
  relu,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  tanh,
} from "./unary.ts";

interface Row extends Range {
  /** Arguments and values by hand. */
  readonly at: readonly number[];
  readonly is: readonly number[];
}

const unary = { abs, cos, erf, exp, floor, gelu, log, neg, reciprocal, relu, sigmoid, sign, sin, softplus, sqrt, tanh };

const table: Readonly<Record<keyof typeof unary, Row>> = {
  neg: { at: [1.5, -2, 0], is: [-1.5, 2, 0] },
  exp: { at: [0, 1, Math.log(5), -Infinity], is: [1, Math.E, 5, 0] },
  log: { from: 0.2, to: 4, at: [1, Math.E, 0.5], is: [0, 1, -Math.LN2] },
  sqrt: { from: 0.2, to: 4, at: [4, 2, 0.25], is: [2, Math.SQRT2, 0.5] },
  reciprocal: { from: 0.3, to: 3, at: [4, -0.5], is: [0.25, -2] },
  abs: { avoid: [0], at: [-3, 2], is: [3, 2] },
  sign: { avoid: [0], at: [-3, 0, 2], is: [-1, 0, 1] },
  floor: { avoid: [-2, -1, 0, 1, 2], at: [-0.5, 1.75, 2], is: [-1, 1, 2] },
  tanh: { at: [0, Math.log(2), 20], is: [0, 0.6, 1] },
  sigmoid: { at: [0, Math.log(3), -Math.log(3), 90, -90], is: [0.5, 0.75, 0.25, 1, 0] },
  relu: { avoid: [0], at: [-1, 0, 2.5], is: [0, 0, 2.5] },
  sin: { from: -6, to: 6, at: [0, Math.PI / 6, Math.PI / 2], is: [0, 0.5, 1] },
  cos: { from: -6, to: 6, at: [0, Math.PI / 3, Math.PI], is: [1, 0.5, -1] },
  // Abramowitz and Stegun 1964, table 7.1.
  erf: { at: [0, 0.5, 1, -2, 9], is: [0, 0.5204998778, 0.8427007929, -0.995322265, 1] },
  // x times the normal distribution function, Abramowitz and Stegun 1964, table 26.1.
  gelu: { from: -4, to: 4, at: [0, 1, -1, 2.5, 40, -40], is: [0, 0.8413447461, -0.1586552539, 2.4844758366, 40, 0] },
  softplus: { from: -4, to: 4, at: [0, 100, -100], is: [Math.LN2, 100, 0] },
};

const names = Object.keys(table) as readonly (keyof typeof table)[];

export const unaryCases: OpCases = {
  cases: [
    ...names.flatMap((op) => {
      const { at, is, ...range } = table[op];
      return [
        ...oneShapes.map((shape) => caseOf(op)(shown(shape), [floats(shape, 1, range)], (x) => unary[op](x))),
        caseOf(op)("values by hand", [given([at.length], at)], (x) => unary[op](x), { expected: [is], smooth: false }),
      ];
    }),
    caseOf("log")("at 0 and below", [given([2], [0, -1])], (x) => unary.log(x), {
      expected: [[-Infinity, NaN]],
      smooth: false,
    }),
    caseOf("sqrt")("below 0", [given([2], [0, -1])], (x) => unary.sqrt(x), { expected: [[0, NaN]], smooth: false }),
  ],
  refusals: names.flatMap((op) => [
    refusalOf(op)("a text", () => unary[op]("x" as never), `${op}: input 0 must be a Tensor, got a string`),
    refusalOf(op)(
      "int32",
      () => unary[op](input([2], "int32")),
      `${op}: x must be float32, got int32[2]. Use cast(x, "float32").`,
    ),
  ]),
};
