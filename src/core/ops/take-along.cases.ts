// Cases of takeAlong; oneHot is made of other ops, and checked with it.

import { caseOf, floats, given, givenInts, ints, refusalOf, type OpCases } from "../op.cases.ts";
import { input } from "./source.ts";
import { oneHot, takeAlong } from "./take-along.ts";

const test = caseOf("takeAlong");

export const takeAlongCases: OpCases = {
  cases: [
    test("values by hand", [given([2, 3], [1, 2, 3, 4, 5, 6]), givenInts([2], [2, 0])], (x, i) => takeAlong(x, i), {
      expected: [[3, 4]],
    }),
    test("the first axis", [floats([4, 3], 1), ints([3], 0, 4, 2)], (x, i) => takeAlong(x, i, 0)),
    test("the middle axis", [floats([2, 4, 3], 1), ints([2, 3], 0, 4, 2)], (x, i) => takeAlong(x, i, 1)),
    test("three axes", [floats([2, 3, 5], 1), ints([2, 3], 0, 5, 2)], (x, i) => takeAlong(x, i)),
    test("a vector", [floats([4], 1), givenInts([], [2])], (x, i) => takeAlong(x, i)),
    test("from the end", [floats([3, 4], 1), givenInts([3], [-1, 3, -4])], (x, i) => takeAlong(x, i)),
    test("size 1", [floats([3, 1], 1), ints([3], 0, 1, 2)], (x, i) => takeAlong(x, i)),
    test("no lines", [floats([0, 3], 1), ints([0], 0, 1)], (x, i) => takeAlong(x, i)),
    caseOf("equal")("as one-hot", [givenInts([3], [2, 0, 7])], (i) => oneHot(i, 3), {
      expected: [[0, 0, 1, 1, 0, 0, 0, 0, 0]],
    }),
    caseOf("equal")("as one-hot on the first axis", [givenInts([2], [1, 0])], (i) => oneHot(i, 3, 0), {
      expected: [[0, 1, 1, 0, 0, 0]],
    }),
  ],
  refusals: [
    refusalOf("takeAlong")(
      "an empty axis",
      () => takeAlong(input([3, 0]), input([3], "int32")),
      "takeAlong: axis 1 of x must not be empty, got float32[3, 0]",
    ),
    refusalOf("takeAlong")(
      "indices of another number of axes",
      () => takeAlong(input([2, 3]), input([2, 3], "int32"), 0),
      "takeAlong: indices must be shaped as x without axis 0, got int32[2, 3] for float32[2, 3]",
    ),
    refusalOf("takeAlong")(
      "a one-hot axis that is none",
      () => oneHot(input([2], "int32"), 3, 5),
      "oneHot: axis must be an integer from -2 to 1, got 5",
    ),
    refusalOf("takeAlong")(
      "a negative one-hot count",
      () => oneHot(input([2], "int32"), -3),
      "oneHot: every axis must be an integer >= 0, got [-3]",
    ),
    refusalOf("takeAlong")(
      "float32 indices",
      () => takeAlong(input([2, 3]), input([2])),
      "takeAlong: x must be float32 and indices int32, got float32[2, 3] and float32[2, 1]",
    ),
    refusalOf("takeAlong")(
      "indices of other axes",
      () => takeAlong(input([2, 3]), input([3], "int32")),
      "takeAlong: indices must be shaped as x with axis 1 of size 1, got int32[3, 1] for float32[2, 3]",
    ),
  ],
};
