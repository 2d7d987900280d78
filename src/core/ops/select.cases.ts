// Cases of where and cast.

import {
  bools,
  caseOf,
  floats,
  given,
  givenInts,
  ints,
  oneShapes,
  refusalOf,
  shown,
  type OpCases,
  type Sample,
} from "../op.cases.ts";
import type { DType } from "../dtype.ts";
import { cast, where } from "./select.ts";
import { input } from "./source.ts";

const test = caseOf("where");
const convert = caseOf("cast");

const mask: Sample = { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) };
const bytes: Sample = { dtype: "uint8", shape: [3], data: Uint8Array.of(0, 1, 255) };

/** Values to convert, and what they are in each dtype. */
const conversions: readonly (readonly [from: Sample, to: DType, is: readonly number[]])[] = [
  [given([5], [0, -0.5, 2.75, -2.75, 1e6]), "int32", [0, 0, 2, -2, 1e6]],
  [given([4], [0, 0.25, -3, NaN]), "bool", [0, 1, 1, 1]],
  [given([3], [0, 1.5, 255]), "uint8", [0, 1, 255]],
  [givenInts([3], [0, -7, 16777216]), "float32", [0, -7, 16777216]],
  [givenInts([3], [0, -7, 5]), "bool", [0, 1, 1]],
  [givenInts([3], [0, 7, 255]), "uint8", [0, 7, 255]],
  [mask, "float32", [1, 0, 1]],
  [mask, "int32", [1, 0, 1]],
  [mask, "uint8", [1, 0, 1]],
  [bytes, "float32", [0, 1, 255]],
  [bytes, "int32", [0, 1, 255]],
  [bytes, "bool", [0, 1, 1]],
];

export const selectCases: OpCases = {
  cases: [
    ...oneShapes.map((shape) =>
      test(shown(shape), [bools(shape, 1), floats(shape, 2), floats(shape, 3)], (c, a, b) => where(c, a, b)),
    ),
    test("broadcast", [bools([2, 1], 1), floats([3], 2), floats([4, 1, 1], 3)], (c, a, b) => where(c, a, b)),
    test("a number on each side", [bools([2, 3], 1), floats([2, 3], 2)], (c, x) => [
      where(c, x, -1.5),
      where(c, 0.5, x),
    ]),
    test("int32", [bools([2, 3], 1), ints([2, 3], -9, 9, 2), ints([3], -9, 9, 3)], (c, a, b) => where(c, a, b)),
    test(
      "NaN and Infinity where not taken",
      [mask, given([3], [1, NaN, 2]), given([3], [Infinity, 5, NaN])],
      (c, a, b) => where(c, a, b),
      {
        expected: [[1, 5, 2]],
        smooth: false,
      },
    ),
    ...conversions.map(([from, to, is]) =>
      convert(`${from.dtype} to ${to}`, [from], (x) => cast(x, to), { expected: [is], smooth: false }),
    ),
    ...oneShapes.map((shape) =>
      convert(`${shown(shape)} to int32`, [floats(shape, 1, { from: -9, to: 9 })], (x) => cast(x, "int32"), {
        smooth: false,
      }),
    ),
  ],
  refusals: [
    refusalOf("where")(
      "a condition of float32",
      () => where(input([2]), input([2]), input([2])),
      "where: the condition must be bool, and a and b both float32 or both int32, got float32[2], float32[2], float32[2]",
    ),
    refusalOf("cast")(
      "a storage dtype",
      () => cast(input([2], "float16"), "float32"),
      "cast: both dtypes must be among float32, int32, bool, uint8, got float16[2] to float32. Convert storage dtypes on the host.",
    ),
  ],
};
