// Cases of argMax, topK and cumsum.

import { caseOf, distinct, floats, given, oneShapes, refusalOf, shown, type OpCases } from "../op.cases.ts";
import { argMax, cumsum, topK } from "./order.ts";
import { input } from "./source.ts";

const best = caseOf("argMax");
const largest = caseOf("topK");
const run = caseOf("cumsum");

export const orderCases: OpCases = {
  cases: [
    best("values by hand", [given([2, 3], [1, 3, 2, 9, -1, 4])], (x) => [argMax(x), argMax(x, 0)], {
      expected: [
        [1, 0],
        [1, 0, 1],
      ],
    }),
    best("the first of those that tie", [given([2, 3], [7, 7, 7, 1, 2, 2])], (x) => argMax(x), { expected: [[0, 1]] }),
    best("the middle axis", [distinct([2, 5, 3], 1)], (x) => argMax(x, 1)),
    best("size 1", [distinct([3, 1], 1)], (x) => argMax(x)),
    best("no lines", [distinct([0, 3], 1)], (x) => argMax(x)),
    largest("values by hand", [given([5], [1, 5, 3, 4, 2])], (x) => Object.values(topK(x, 3)), {
      expected: [
        [5, 4, 3],
        [1, 3, 2],
      ],
    }),
    largest("lines", [distinct([2, 3, 7], 1)], (x) => Object.values(topK(x, 2))),
    largest("all", [distinct([2, 4], 1)], (x) => Object.values(topK(x, 4))),
    largest("size 1", [distinct([3, 1], 1)], (x) => Object.values(topK(x, 1))),
    largest("no lines", [distinct([0, 3], 1)], (x) => Object.values(topK(x, 2))),
    largest("ties in order of position", [given([4], [2, 5, 5, 2])], (x) => Object.values(topK(x, 4)), {
      expected: [
        [5, 5, 2, 2],
        [1, 2, 0, 3],
      ],
      smooth: false,
    }),
    run("values by hand", [given([2, 3], [1, 2, 3, 4, 5, 6])], (x) => [cumsum(x), cumsum(x, 0)], {
      expected: [
        [1, 3, 6, 4, 9, 15],
        [1, 2, 3, 5, 7, 9],
      ],
    }),
    ...oneShapes
      .filter((shape) => shape.length > 0)
      .map((shape) => run(shown(shape), [floats(shape, 1)], (x) => cumsum(x, shape.length >> 1))),
  ],
  refusals: [
    refusalOf("argMax")("int32", () => argMax(input([2], "int32")), "argMax: x must be float32, got int32[2]"),
    refusalOf("argMax")(
      "an empty axis",
      () => argMax(input([2, 0])),
      "argMax: the axis must not be empty, got float32[2, 0]",
    ),
    refusalOf("topK")(
      "k beyond the axis",
      () => topK(input([2, 3]), 4),
      "topK: k must be from 1 to the last axis of float32[2, 3], got 4",
    ),
    refusalOf("cumsum")("int32", () => cumsum(input([2], "int32")), "cumsum: x must be float32, got int32[2]"),
  ],
};
