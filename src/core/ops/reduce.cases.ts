// Cases of the reductions.

import { caseOf, distinct, floats, given, givenInts, ints, refusalOf, shown, type OpCases } from "../op.cases.ts";
import { max, mean, min, sum } from "./reduce.ts";
import { array } from "../ndarray.ts";
import { input } from "./source.ts";

const add = caseOf("sum");
const top = caseOf("max");

const six = given([2, 3], [1, -2, 3, 4, 5, -6]);

const axes: readonly (readonly [shape: readonly number[], axes: readonly number[]])[] = [
  [[5], [0]],
  [[2, 3, 4], [0]],
  [[2, 3, 4], [1]],
  [[2, 3, 4], [-1]],
  [
    [2, 3, 4],
    [0, 2],
  ],
  [
    [2, 3, 4],
    [0, 1, 2],
  ],
  [[1, 1], [0]],
  [
    [1, 1],
    [0, 1],
  ],
  [[2, 0, 3], [0]],
  [[0, 3], [1]],
];

export const reduceCases: OpCases = {
  cases: [
    add("values by hand", [six], (x) => [sum(x), sum(x, 0), sum(x, 1)], { expected: [[5], [5, 3, -3], [2, 3]] }),
    ...axes.flatMap(([shape, over]) => [
      add(`${shown(shape)} over ${shown(over)}`, [floats(shape, 1)], (x) => sum(x, over)),
      add(`${shown(shape)} over ${shown(over)}, kept`, [floats(shape, 1)], (x) => sum(x, over, { keepDims: true })),
      top(`${shown(shape)} over ${shown(over)}`, [distinct(shape, 1)], (x) => max(x, over)),
      top(`${shown(shape)} over ${shown(over)}, kept`, [distinct(shape, 1)], (x) => max(x, over, { keepDims: true })),
    ]),
    add("an empty axis", [floats([2, 0], 1)], (x) => [sum(x, 1), sum(x), sum(x, 1, { keepDims: true })], {
      expected: [[0, 0], [0], [0, 0]],
    }),
    add("int32", [givenInts([2, 2], [1, -2, 3, 40])], (x) => [sum(x), sum(x, 0)], { expected: [[42], [4, 38]] }),
    add("int32, an empty axis", [ints([0, 2], 0, 1)], (x) => sum(x, 0), { expected: [[0, 0]] }),
    add("as a mean", [six], (x) => [mean(x), mean(x, 0), mean(x, 1, { keepDims: true })], {
      expected: [[5 / 6], [2.5, 1.5, -1.5], [2 / 3, 1]],
    }),
    // Beyond 512 terms a sum goes in two stages.
    add("a long line", [floats([1000], 1)], (x) => sum(x)),
    add("a long line of prime length", [floats([2, 1009], 1)], (x) => sum(x, 1)),
    add("a long line in the middle, kept", [floats([2, 600, 3], 1)], (x) => sum(x, 1, { keepDims: true })),
    add("long lines over two adjacent axes", [floats([2, 40, 30], 1)], (x) => sum(x, [1, 2])),
    add("long lines over two axes apart", [floats([600, 2, 3], 1)], (x) => sum(x, [0, 2])),
    add("long lines over two axes apart, kept", [floats([3, 2, 600], 1)], (x) => sum(x, [0, 2], { keepDims: true })),
    top("values by hand", [six], (x) => [max(x), max(x, 0), max(x, 1), min(x, 1)], {
      expected: [[5], [4, 5, 3], [3, 5], [-2, -6]],
    }),
    top("ties share the gradient", [given([2, 2], [3, 3, 1, 2])], (x) => max(x, 1), {
      expected: [[3, 2]],
      smooth: false,
    }),
    top("int32", [givenInts([2, 2], [1, -2, 3, -40])], (x) => [max(x), max(x, 0)], { expected: [[3], [3, -2]] }),
    top(
      "NaN, wherever it stands",
      [given([4, 3], [NaN, 1, 2, 1, NaN, 2, 1, 2, NaN, 3, 1, 2])],
      (x) => [max(x, 1), max(x, 0)],
      {
        expected: [
          [NaN, NaN, NaN, 3],
          [NaN, NaN, NaN],
        ],
        smooth: false,
      },
    ),
    top("-Infinity", [given([2, 2], [-Infinity, 1, -Infinity, -Infinity])], (x) => max(x, 1), {
      expected: [[1, -Infinity]],
      smooth: false,
    }),
  ],
  refusals: [
    refusalOf("sum")("bool", () => sum(input([2], "bool")), "sum: x must be float32 or int32, got bool[2]"),
    refusalOf("sum")(
      "an unknown option",
      () => sum(input([2]), 0, { keepdims: true } as never),
      'sum: options must be among keepDims, got "keepdims"',
    ),
    refusalOf("sum")(
      "a mean of int32",
      () => mean(input([2], "int32")),
      'mean: x must be float32, got int32[2]. Use cast(x, "float32").',
    ),
    refusalOf("max")(
      "a minimum of int32",
      () => min(input([2], "int32")),
      'min: x must be float32, got int32[2]. Use cast(x, "float32").',
    ),
    refusalOf("max")(
      "a minimum over no such axis",
      () => min(input([2]), 3),
      "min: axis must be an integer from -1 to 0, got 3",
    ),
    refusalOf("sum")(
      "a text for keepDims",
      () => sum(input([2]), 0, { keepDims: "false" as never }),
      "sum: keepDims must be true or false, got a string",
    ),
    refusalOf("sum")(
      "an array",
      () => sum(array([1]) as never, []),
      "sum: x must be a Tensor, got an NdArray float32[1]. Pass it as an argument, or wrap it in constant().",
    ),
    refusalOf("sum")("no such axis", () => sum(input([2]), 1), "sum: axis must be an integer from -1 to 0, got 1"),
    refusalOf("sum")("an axis twice", () => sum(input([2, 2]), [1, -1]), "sum: axes must differ, got [1, -1]"),
    refusalOf("max")("bool", () => max(input([2], "bool")), "max: x must be float32 or int32, got bool[2]"),
    refusalOf("max")(
      "an empty axis",
      () => max(input([2, 0]), 1),
      "max: the reduced axes must not be empty, got float32[2, 0]",
    ),
  ],
};
