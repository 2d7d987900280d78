// Cases of gather and scatterAdd.

import { bools, caseOf, floats, given, givenInts, ints, refusalOf, type OpCases } from "../op.cases.ts";
import { gather, scatterAdd } from "./gather.ts";
import { input } from "./source.ts";

const look = caseOf("gather");
const put = caseOf("scatterAdd");

export const gatherCases: OpCases = {
  cases: [
    look("values by hand", [given([3, 2], [1, 2, 3, 4, 5, 6]), givenInts([3], [2, 0, 2])], (t, i) => gather(t, i), {
      expected: [[5, 6, 1, 2, 5, 6]],
    }),
    look("indices of two axes", [floats([5, 3], 1), ints([2, 4], 0, 5, 2)], (t, i) => gather(t, i)),
    look("a scalar index", [floats([5, 3], 1), givenInts([], [4])], (t, i) => gather(t, i)),
    look("a vector", [floats([5], 1), ints([2, 2], 0, 5, 2)], (t, i) => gather(t, i)),
    look("a table of three axes", [floats([3, 2, 2], 1), ints([4], 0, 3, 2)], (t, i) => gather(t, i)),
    look("one row", [floats([1, 3], 1), ints([3], 0, 1, 2)], (t, i) => gather(t, i)),
    look("from the end", [floats([5, 3], 1), givenInts([3], [-1, 4, -5])], (t, i) => gather(t, i)),
    look("no indices", [floats([5, 3], 1), ints([0], 0, 1)], (t, i) => gather(t, i)),
    look("no columns", [floats([5, 0], 1), ints([2], 0, 5)], (t, i) => gather(t, i)),
    look("an empty table, no indices", [floats([0, 3], 1), ints([0], 0, 1)], (t, i) => gather(t, i)),
    look("int32 and bool", [ints([4, 2], -9, 9), bools([4, 2]), ints([3], 0, 4, 1)], (a, b, i) => [
      gather(a, i),
      gather(b, i),
    ]),
    put(
      "repeats add up",
      [givenInts([3], [2, 0, 2]), given([3, 2], [1, 2, 3, 4, 5, 6])],
      (i, u) => scatterAdd(4, i, u),
      { expected: [[3, 4, 0, 0, 6, 8, 0, 0]] },
    ),
    put("indices of two axes", [ints([2, 4], 0, 5, 2), floats([2, 4, 3], 1)], (i, u) => scatterAdd(5, i, u)),
    put("a scalar index", [givenInts([], [1]), floats([3], 1)], (i, u) => scatterAdd(2, i, u)),
    put("many updates, in pieces", [ints([1200], 0, 3, 1), floats([1200, 2], 2)], (i, u) => scatterAdd(3, i, u)),
    put("many updates, some from the end", [ints([600], -3, 3, 1), floats([600], 2)], (i, u) => scatterAdd(3, i, u)),
    put("scalars", [ints([6], 0, 3, 1), floats([6], 1)], (i, u) => scatterAdd(3, i, u)),
    put("one row", [ints([3], 0, 1, 2), floats([3, 2], 1)], (i, u) => scatterAdd(1, i, u)),
    put("from the end", [givenInts([3], [-1, 0, -3]), given([3], [1, 2, 3])], (i, u) => scatterAdd(3, i, u), {
      expected: [[5, 0, 1]],
    }),
    put("no indices", [ints([0], 0, 1), floats([0, 2], 1)], (i, u) => scatterAdd(3, i, u), {
      expected: [[0, 0, 0, 0, 0, 0]],
    }),
    put("no rows", [ints([0], 0, 1), floats([0, 2], 1)], (i, u) => scatterAdd(0, i, u)),
    put("no columns", [ints([2], 0, 3), floats([2, 0], 1)], (i, u) => scatterAdd(3, i, u)),
  ],
  refusals: [
    refusalOf("gather")(
      "float32 indices",
      () => gather(input([3, 2]), input([2])),
      "gather: indices must be int32, got float32[2]",
    ),
    refusalOf("gather")(
      "a scalar table",
      () => gather(input([]), input([2], "int32")),
      "gather: the table needs at least 1 axis, got float32[]",
    ),
    refusalOf("gather")(
      "an empty table",
      () => gather(input([0, 2]), input([2], "int32")),
      "gather: the table must not be empty, got float32[0, 2]",
    ),
    refusalOf("scatterAdd")(
      "updates of other axes",
      () => scatterAdd(3, input([2], "int32"), input([3, 4])),
      "scatterAdd: updates must begin with the axes of indices, got float32[3, 4] for int32[2]",
    ),
    refusalOf("scatterAdd")(
      "a fractional count",
      () => scatterAdd(1.5, input([2], "int32"), input([2])),
      "scatterAdd: rows must be an integer >= 0, got 1.5",
    ),
  ],
};
