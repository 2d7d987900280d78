// Cases of concat and split.

import { bools, caseOf, floats, given, ints, refusalOf, type OpCases } from "../op.cases.ts";
import { concat, split, stack } from "./concat.ts";
import { input } from "./source.ts";

const join = caseOf("concat");
const cut = caseOf("split");

export const concatCases: OpCases = {
  cases: [
    join("rows", [given([1, 2], [1, 2]), given([2, 2], [3, 4, 5, 6])], (a, b) => concat([a, b]), {
      expected: [[1, 2, 3, 4, 5, 6]],
    }),
    join("columns", [given([2, 1], [1, 2]), given([2, 2], [3, 4, 5, 6])], (a, b) => concat([a, b], 1), {
      expected: [[1, 3, 4, 2, 5, 6]],
    }),
    join("three in the middle", [floats([2, 1, 3], 1), floats([2, 4, 3], 2), floats([2, 2, 3], 3)], (...parts) =>
      concat(parts, 1),
    ),
    join("one twice", [floats([2, 2], 1)], (x) => concat([x, x], -1)),
    join("with an empty part", [floats([2, 3], 1), floats([0, 3], 2), floats([1, 3], 3)], (...parts) => concat(parts)),
    join("one part that is not empty", [floats([2, 0], 1), floats([2, 3], 2)], (...parts) => concat(parts, 1)),
    join("empty parts only", [floats([0, 3], 1), floats([0, 3], 2)], (...parts) => concat(parts)),
    join("parts empty on another axis", [floats([2, 0], 1), floats([1, 0], 2)], (...parts) => concat(parts)),
    join("int32", [ints([2], -9, 9, 1), ints([3], -9, 9, 2)], (...parts) => concat(parts)),
    join("bool", [bools([2, 2], 1), bools([2, 1], 2)], (...parts) => concat(parts, 1)),
    join("uint8", [{ dtype: "uint8", shape: [2], data: Uint8Array.of(0, 255) }], (x) => concat([x, x])),
    cut("given sizes", [given([2, 3], [1, 2, 3, 4, 5, 6])], (x) => split(x, [1, 2]), {
      expected: [
        [1, 4],
        [2, 3, 5, 6],
      ],
    }),
    cut("equal parts of the first axis", [floats([6, 2], 1)], (x) => split(x, 3, 0)),
    cut("the middle axis", [floats([2, 5, 3], 1)], (x) => split(x, [2, 1, 2], 1)),
    cut("one part used", [floats([2, 6], 1)], (x) => split(x, [1, 3, 2])[1]!),
    cut("with an empty part", [floats([2, 3], 1)], (x) => split(x, [2, 0, 1])),
    cut("one part that is not empty", [floats([2, 3], 1)], (x) => split(x, [0, 3])),
    cut("an empty axis", [floats([0, 2], 1)], (x) => split(x, [0, 0], 0)),
    cut("empty on another axis", [floats([0, 3], 1)], (x) => split(x, [1, 2])),
    cut("int32 and bool", [ints([4], -9, 9), bools([4])], (a, b) => [...split(a, 2), ...split(b, 2)]),
  ],
  refusals: [
    refusalOf("concat")(
      "one part, no such axis",
      () => concat([input([2])], 99),
      "concat: axis must be an integer from -1 to 0, got 99",
    ),
    refusalOf("concat")("a stack of nothing", () => stack([]), "stack: at least one tensor is required, got 0"),
    refusalOf("concat")(
      "a stack of two shapes",
      () => stack([input([2]), input([3])]),
      "stack: all tensors must be of one dtype and shape, got float32[2], float32[3]",
    ),
    refusalOf("concat")("nothing", () => concat([]), "concat: at least one tensor is required, got 0"),
    refusalOf("concat")(
      "two dtypes",
      () => concat([input([2]), input([2], "int32")]),
      "concat: all parts must be of one dtype, got float32[2], int32[2]",
    ),
    refusalOf("concat")(
      "another size",
      () => concat([input([2, 3]), input([2, 4])]),
      "concat: all parts must have equal sizes but for axis 0, got float32[2, 3], float32[2, 4]",
    ),
    refusalOf("split")(
      "sizes that do not add up",
      () => split(input([2, 3]), [1, 1]),
      "split: sizes must add up to 3 on axis 1 of float32[2, 3], got [1, 1]",
    ),
    refusalOf("split")(
      "a count that does not divide",
      () => split(input([5]), 2),
      "split: the number of parts must divide axis 0 of float32[5], got 2",
    ),
  ],
};
