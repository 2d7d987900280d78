// Cases of comparisons and logic.

import {
  bools,
  caseOf,
  floats,
  given,
  givenInts,
  ints,
  oneShapes,
  pairShapes,
  refusalOf,
  shown,
  type OpCases,
} from "../op.cases.ts";
import { and, equal, less, lessEqual, not, or } from "./compare.ts";
import { input } from "./source.ts";

const comparisons = { equal, less, lessEqual } as const;
const logic = { and, or } as const;

/** Values of a ? b at (1, 2), (2, 2), (3, 2), (NaN, NaN). */
const byHand = { equal: [0, 1, 0, 0], less: [1, 0, 0, 0], lessEqual: [1, 1, 0, 0] } as const;
const truth = { and: [0, 0, 0, 1], or: [0, 1, 1, 1] } as const;

const bool = (data: readonly number[]): ReturnType<typeof bools> => ({
  dtype: "bool",
  shape: [data.length],
  data: Uint8Array.from(data),
});

export const compareCases: OpCases = {
  cases: [
    ...(["equal", "less", "lessEqual"] as const).flatMap((name) => [
      ...pairShapes.map(([a, b]) =>
        caseOf(name)(`${shown(a)} with ${shown(b)}`, [floats(a, 1), floats(b, 2)], (x, y) => comparisons[name](x, y)),
      ),
      caseOf(name)(
        "values by hand",
        [given([4], [1, 2, 3, NaN]), given([4], [2, 2, 2, NaN])],
        (x, y) => comparisons[name](x, y),
        { expected: [byHand[name]] },
      ),
      caseOf(name)("int32", [givenInts([3], [1, 2, 3])], (x) => comparisons[name](x, 2), {
        expected: [byHand[name].slice(0, 3)],
      }),
      caseOf(name)("int32, broadcast", [ints([4, 1], 0, 3, 1), ints([5], 0, 3, 2)], (x, y) => comparisons[name](x, y)),
      // 2^24 + 1 is no float32: integers are compared as integers.
      caseOf(name)(
        "large int32",
        [givenInts([3], [16777217, 16777216, -2147483648]), givenInts([3], [16777216, 16777216, 2147483647])],
        (x, y) => comparisons[name](x, y),
        {
          expected: [name === "equal" ? [0, 1, 0] : name === "less" ? [0, 0, 1] : [0, 1, 1]],
        },
      ),
    ]),
    ...(["and", "or"] as const).flatMap((name) => [
      ...pairShapes.map(([a, b]) =>
        caseOf(name)(`${shown(a)} with ${shown(b)}`, [bools(a, 1), bools(b, 2)], (x, y) => logic[name](x, y)),
      ),
      caseOf(name)("values by hand", [bool([0, 0, 1, 1]), bool([0, 1, 0, 1])], (x, y) => logic[name](x, y), {
        expected: [truth[name]],
      }),
    ]),
    ...oneShapes.map((shape) => caseOf("not")(shown(shape), [bools(shape, 1)], (x) => not(x))),
    caseOf("not")("values by hand", [bool([0, 1])], (x) => not(x), { expected: [[1, 0]] }),
  ],
  refusals: [
    refusalOf("less")(
      "a fractional number beside int32",
      () => less(input([2], "int32"), 2.5),
      'less: a number beside a tensor of int32 must be an integer from -2147483648 to 2147483647, got 2.5. Use cast(x, "float32").',
    ),
    ...(["equal", "less", "lessEqual"] as const).map((name) =>
      refusalOf(name)(
        "bool",
        () => comparisons[name](input([2], "bool"), input([2], "bool")),
        `${name}: a and b must be of one dtype among float32, int32, got bool[2] and bool[2]`,
      ),
    ),
    ...(["and", "or"] as const).map((name) =>
      refusalOf(name)(
        "float32",
        () => logic[name](input([2]), input([2])),
        `${name}: a and b must be of one dtype among bool, got float32[2] and float32[2]`,
      ),
    ),
    refusalOf("not")("float32", () => not(input([2])), "not: x must be bool, got float32[2]"),
  ],
};
