// Cases of reshape, transpose and broadcastTo.

import { bools, caseOf, floats, given, ints, refusalOf, shown, type OpCases, type Sample } from "../op.cases.ts";
import { broadcastTo, reshape, transpose } from "./movement.ts";
import { input } from "./source.ts";

const move = caseOf("reshape");
const turn = caseOf("transpose");
const stretch = caseOf("broadcastTo");

const bytes: Sample = { dtype: "uint8", shape: [2, 3], data: Uint8Array.of(0, 1, 2, 253, 254, 255) };
const six = given([2, 3], [1, 2, 3, 4, 5, 6]);

const shapes: readonly (readonly [from: readonly number[], to: readonly number[]])[] = [
  [
    [2, 6],
    [3, 4],
  ],
  [[2, 3], [6]],
  [[1, 1], []],
  [[], [1, 1]],
  [
    [0, 3],
    [2, 0],
  ],
  [[4], [2, -1]],
];

const stretches: readonly (readonly [from: readonly number[], to: readonly number[]])[] = [
  [[3], [2, 3]],
  [
    [2, 1],
    [2, 4],
  ],
  [[], [2, 3]],
  [[], [1]],
  [
    [1, 3, 1],
    [2, 3, 4],
  ],
  [[1], [0]],
  [
    [0, 1],
    [0, 3],
  ],
  [
    [1, 2],
    [3, 0, 2],
  ],
];

export const movementCases: OpCases = {
  cases: [
    ...shapes.map(([from, to]) => move(`${shown(from)} to ${shown(to)}`, [floats(from, 1)], (x) => reshape(x, to))),
    move("int32, bool and uint8", [ints([2, 3], -9, 9), bools([2, 3]), bytes], (...all) =>
      all.map((x) => reshape(x, [3, 2])),
    ),
    turn("the last two axes", [six], (x) => transpose(x), { expected: [[1, 4, 2, 5, 3, 6]] }),
    turn("four axes", [floats([2, 3, 4, 5], 1)], (x) => transpose(x, [2, 0, 3, 1])),
    turn("the last two of three", [floats([2, 3, 4], 1)], (x) => transpose(x)),
    turn("size 1", [floats([1, 3, 1], 1)], (x) => transpose(x, [1, 2, 0])),
    turn("one axis", [floats([3], 1)], (x) => transpose(x, [0])),
    turn("none", [floats([], 1)], (x) => transpose(x, [])),
    turn("empty", [floats([2, 0, 3], 1)], (x) => transpose(x, [2, 1, 0])),
    turn("int32, bool and uint8", [ints([2, 3], -9, 9), bools([2, 3]), bytes], (...all) =>
      all.map((x) => transpose(x)),
    ),
    ...stretches.map(([from, to]) =>
      stretch(`${shown(from)} to ${shown(to)}`, [floats(from, 1)], (x) => broadcastTo(x, to)),
    ),
    stretch("int32, bool and uint8", [ints([3], -9, 9), bools([3]), { ...bytes, shape: [2, 1, 3] }], (...all) =>
      all.map((x) => broadcastTo(x, [2, 2, 3])),
    ),
  ],
  refusals: [
    refusalOf("reshape")(
      "two open axes",
      () => reshape(input([2, 3]), [-1, -1]),
      "reshape: at most one axis may be -1, got [-1, -1]",
    ),
    refusalOf("reshape")(
      "another count",
      () => reshape(input([2, 3]), [4]),
      "reshape: 6 elements are required for float32[2, 3], got [4]",
    ),
    refusalOf("reshape")(
      "an open axis that does not divide",
      () => reshape(input([2, 3]), [4, -1]),
      "reshape: the sizes beside -1 must divide 6 elements of float32[2, 3], got [4, -1]",
    ),
    refusalOf("transpose")(
      "a repeated axis",
      () => transpose(input([2, 3]), [0, 0]),
      "transpose: perm must be a permutation of 0 to 1, got [0, 0] for float32[2, 3]",
    ),
    refusalOf("transpose")(
      "a vector",
      () => transpose(input([3])),
      "transpose: at least 2 axes are required, got float32[3]",
    ),
    refusalOf("broadcastTo")(
      "a smaller shape",
      () => broadcastTo(input([2, 3]), [3]),
      "broadcastTo: float32[2, 3] must stretch to the shape, got [3]",
    ),
    refusalOf("broadcastTo")(
      "another size",
      () => broadcastTo(input([2]), [3]),
      "broadcastTo: shapes must broadcast together (equal, or 1, aligned at the end), got float32[2] and float32[3]",
    ),
  ],
};
