// Cases of the elementwise arithmetic of two tensors.

import {
  caseOf,
  distinct,
  floats,
  given,
  givenInts,
  ints,
  pairShapes,
  refusalOf,
  shown,
  type OpCase,
  type OpCases,
  type Range,
} from "../op.cases.ts";
import { add, div, maximum, minimum, mul, sub, type Binary } from "./binary.ts";
import { pow } from "./pow.ts";
import { array } from "../ndarray.ts";
import { input } from "./source.ts";

interface Row {
  readonly op: Binary;
  /** Ranges of the operands. */
  readonly a?: Range;
  readonly b?: Range;
  /** Values at (6, 2), (-1, 4) and (3, 3). */
  readonly is: readonly number[];
  readonly floatOnly?: boolean;
}

const positive: Range = { from: 0.3, to: 2 };

const table: Readonly<Record<string, Row>> = {
  add: { op: add, is: [8, 3, 6] },
  sub: { op: sub, is: [4, -5, 0] },
  mul: { op: mul, is: [12, -4, 9] },
  div: { op: div, b: positive, is: [3, -0.25, 1], floatOnly: true },
  maximum: { op: maximum, a: { from: -2, to: 0 }, b: { from: 0.1 }, is: [6, 4, 3] },
  minimum: { op: minimum, a: { from: -2, to: 0 }, b: { from: 0.1 }, is: [2, -1, 3] },
  pow: { op: pow, a: positive, is: [36, 1, 27], floatOnly: true },
};

const left = [6, -1, 3];
const right = [2, 4, 3];

function casesOf(name: string, { op, a, b, is, floatOnly = false }: Row): readonly OpCase[] {
  const test = caseOf(name);
  const withInts = [
    test("int32", [givenInts([3], left), givenInts([3], right)], (x, y) => op(x, y), { expected: [is] }),
    test("int32, broadcast", [ints([2, 1], -9, 9, 1), ints([3], -9, 9, 2)], (x, y) => op(x, y)),
    test("int32 and a number", [ints([3], -9, 9, 1)], (x) => op(x, 2)),
  ];
  return [
    ...pairShapes.map(([m, n]) =>
      test(`${shown(m)} with ${shown(n)}`, [floats(m, 1, a), floats(n, 2, b)], (x, y) => op(x, y)),
    ),
    test("values by hand", [given([3], left), given([3], right)], (x, y) => op(x, y), {
      expected: [is],
      smooth: false,
    }),
    test("a number on the right", [floats([3], 1, a)], (x) => op(x, 2.5)),
    test("a number on the left", [floats([3], 2, b)], (y) => op(0.4, y)),
    test("one tensor twice", [floats([3], 1, positive)], (x) => op(x, x)),
    ...(floatOnly ? [] : withInts),
  ];
}

const special = { smooth: false } as const;

export const binaryCases: OpCases = {
  cases: [
    ...Object.entries(table).flatMap(([name, row]) => casesOf(name, row)),
    caseOf("maximum")("crossing", [distinct([3, 4], 1)], (x) => maximum(x, 0)),
    caseOf("minimum")("crossing", [distinct([3, 4], 1)], (x) => minimum(x, 0)),
    caseOf("maximum")("with NaN", [given([3], [NaN, 1, 2])], (x) => maximum(x, 1.5), {
      ...special,
      expected: [[NaN, 1.5, 2]],
    }),
    caseOf("minimum")("with NaN", [given([3], [NaN, 1, 2])], (x) => minimum(x, 1.5), {
      ...special,
      expected: [[NaN, 1, 1.5]],
    }),
    caseOf("div")("by zero", [given([3], [1, -1, 0])], (x) => div(x, 0), {
      ...special,
      expected: [[Infinity, -Infinity, NaN]],
    }),
    caseOf("pow")("of negative numbers", [floats([4], 1, { from: -2, to: -0.5 })], (x) => pow(x, 3)),
    caseOf("pow")(
      "negative, zero and fractional exponents",
      [given([3], [2, 4, 9]), given([3], [-2, 0, 0.5])],
      pow as OpCase["apply"],
      { expected: [[0.25, 1, 3]] },
    ),
  ],
  refusals: Object.entries(table).flatMap(([name, { op, floatOnly = false }]) => [
    refusalOf(name)(
      "a fractional number beside int32",
      () => op(input([2], "int32"), 0.5),
      `${name}: a number beside a tensor of int32 must be an integer from -2147483648 to 2147483647, got 0.5. Use cast(x, "float32").`,
    ),
    refusalOf(name)(
      "an array on the right",
      () => op(input([2]), array([1, 2]) as never),
      `${name}: input 1 must be a Tensor, got an NdArray float32[2]. Pass it as an argument, or wrap it in constant().`,
    ),
    refusalOf(name)(
      "two arrays",
      () => op(array([1]) as never, array([2]) as never),
      `${name}: input 0 must be a Tensor, got an NdArray float32[1]. Pass it as an argument, or wrap it in constant().`,
    ),
    refusalOf(name)(
      "nothing on the left",
      () => op(undefined as never, 2),
      `${name}: input 0 must be a Tensor, got undefined`,
    ),
    refusalOf(name)(
      "two dtypes",
      () => op(input([2]), input([2], "int32")),
      `${name}: a and b must both be float32${floatOnly ? "" : " or both int32"}, got float32[2] and int32[2]`,
    ),
    refusalOf(name)(
      "shapes that clash",
      () => op(input([2, 3]), input([2])),
      `${name}: shapes must broadcast together (equal, or 1, aligned at the end), got float32[2, 3] and float32[2]`,
    ),
  ]),
};
