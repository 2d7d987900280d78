// Cases of slice, pad and flip.

import { bools, caseOf, floats, given, ints, oneShapes, refusalOf, shown, type OpCases } from "../op.cases.ts";
import { flip, pad, slice, sliceAxis } from "./slice.ts";
import { input } from "./source.ts";

const box = caseOf("slice");
const frame = caseOf("pad");
const turn = caseOf("flip");

const six = given([2, 3], [1, 2, 3, 4, 5, 6]);

export const sliceCases: OpCases = {
  cases: [
    box("a box", [six], (x) => slice(x, [0, 1], [2, 2]), { expected: [[2, 3, 5, 6]] }),
    box("to the end", [floats([3, 4, 5], 1)], (x) => slice(x, [1, 0, 2], [-1, 2, -1])),
    box("one element", [floats([3, 4], 1)], (x) => slice(x, [2, 3], [1, 1])),
    box("nothing", [floats([3, 4], 1)], (x) => slice(x, [3, 1], [0, 2])),
    box("of an empty tensor", [floats([0, 4], 1)], (x) => slice(x, [0, 1], [0, 2])),
    box("int32 and bool", [ints([2, 3], -9, 9), bools([2, 3])], (a, b) => [
      slice(a, [1, 0], [1, 2]),
      slice(b, [0, 1], [2, 1]),
    ]),
    box("uint8", [{ dtype: "uint8", shape: [3], data: Uint8Array.of(0, 7, 255) }], (x) => slice(x, [1], [2]), {
      expected: [[7, 255]],
    }),
    frame(
      "all sides",
      [six],
      (x) =>
        pad(x, [
          [1, 0],
          [0, 2],
        ]),
      { expected: [[0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0]] },
    ),
    frame("one axis of three", [floats([2, 3, 2], 1)], (x) =>
      pad(x, [
        [0, 0],
        [2, 1],
        [0, 0],
      ]),
    ),
    frame("size 1", [floats([1], 1)], (x) => pad(x, [[3, 0]])),
    frame("an empty tensor", [floats([0, 2], 1)], (x) =>
      pad(x, [
        [1, 1],
        [0, 1],
      ]),
    ),
    frame("an empty tensor that stays so", [floats([0, 2], 1)], (x) =>
      pad(x, [
        [0, 0],
        [0, 1],
      ]),
    ),
    frame("int32", [ints([2, 2], -9, 9)], (x) =>
      pad(x, [
        [1, 1],
        [0, 1],
      ]),
    ),
    turn("the last axis", [six], (x) => flip(x, -1), { expected: [[3, 2, 1, 6, 5, 4]] }),
    turn("the first axis", [six], (x) => flip(x, 0), { expected: [[4, 5, 6, 1, 2, 3]] }),
    ...oneShapes
      .filter((shape) => shape.length > 0)
      .map((shape) => turn(shown(shape), [floats(shape, 1)], (x) => flip(x, shape.length >> 1))),
    turn("int32 and bool", [ints([4], -9, 9), bools([4])], (a, b) => [flip(a, 0), flip(b, 0)]),
  ],
  refusals: [
    refusalOf("slice")(
      "an end before the start",
      () => sliceAxis(input([2, 5]), 1, 3, 2),
      "sliceAxis: integers 0 <= start <= end <= 5 are required on axis 1 of float32[2, 5], got start 3, end 2",
    ),
    refusalOf("slice")(
      "an end beyond the axis",
      () => sliceAxis(input([2, 5]), 0, 0, 3),
      "sliceAxis: integers 0 <= start <= end <= 2 are required on axis 0 of float32[2, 5], got start 0, end 3",
    ),
    refusalOf("pad")(
      "one amount for an axis",
      () => pad(input([2]), [[1]] as never),
      "pad: one [before, after] of integers >= 0 is required for each axis of float32[2], got [[1]]",
    ),
    refusalOf("slice")(
      "beyond the end",
      () => slice(input([2, 3]), [0, 2], [2, 2]),
      "slice: starts and sizes must lie inside float32[2, 3], got starts [0, 2], sizes [2, 2]",
    ),
    refusalOf("slice")(
      "too few starts",
      () => slice(input([2, 3]), [0], [2, 3]),
      "slice: starts and sizes must lie inside float32[2, 3], got starts [0], sizes [2, 3]",
    ),
    refusalOf("pad")(
      "a negative amount",
      () => pad(input([2]), [[-1, 0]]),
      "pad: one [before, after] of integers >= 0 is required for each axis of float32[2], got [[-1,0]]",
    ),
    refusalOf("pad")("bool", () => pad(input([2], "bool"), [[1, 0]]), "pad: x must be float32 or int32, got bool[2]"),
    refusalOf("flip")("no such axis", () => flip(input([2]), 1), "flip: axis must be an integer from -1 to 0, got 1"),
  ],
};
