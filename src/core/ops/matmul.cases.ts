// Cases of the matrix product.

import { caseOf, floats, given, refusalOf, shown, type OpCases } from "../op.cases.ts";
import { matmul } from "./matmul.ts";
import { input } from "./source.ts";

const test = caseOf("matmul");

const shapes: readonly (readonly [a: readonly number[], b: readonly number[]])[] = [
  [
    [2, 3],
    [3, 4],
  ],
  [
    [1, 1],
    [1, 1],
  ],
  [
    [1, 5],
    [5, 1],
  ],
  [
    [2, 3, 4],
    [4, 5],
  ],
  [
    [2, 3, 4],
    [2, 4, 5],
  ],
  [
    [2, 1, 3, 4],
    [3, 4, 2],
  ],
  [
    [3, 4],
    [2, 4, 5],
  ],
  [
    [2, 1, 3, 4],
    [1, 2, 4, 2],
  ],
  [
    [0, 3],
    [3, 4],
  ],
  [
    [2, 0],
    [0, 3],
  ],
  [
    [2, 3],
    [3, 0],
  ],
  [
    [0, 2, 3],
    [3, 4],
  ],
  [
    [2, 2, 0],
    [2, 0, 3],
  ],
];

export const matmulCases: OpCases = {
  cases: [
    test("values by hand", [given([2, 2], [1, 2, 3, 4]), given([2, 2], [5, 6, 7, 8])], (a, b) => matmul(a, b), {
      expected: [[19, 22, 43, 50]],
    }),
    ...shapes.map(([a, b]) => test(`${shown(a)} by ${shown(b)}`, [floats(a, 1), floats(b, 2)], (x, y) => matmul(x, y))),
    test("a matrix by itself", [floats([3, 3], 1)], (x) => matmul(x, x)),
  ],
  refusals: [
    refusalOf("matmul")(
      "inner sizes that differ",
      () => matmul(input([2, 3]), input([4, 5])),
      "matmul: the last axis of a must equal the second last of b, got float32[2, 3] and float32[4, 5]",
    ),
    refusalOf("matmul")(
      "a vector",
      () => matmul(input([3]), input([3, 5])),
      "matmul: a and b need at least 2 axes, got float32[3] and float32[3, 5]. Use reshape or expandDims for vectors.",
    ),
    refusalOf("matmul")(
      "batches that clash",
      () => matmul(input([2, 3, 4]), input([3, 4, 5])),
      "matmul: shapes must broadcast together (equal, or 1, aligned at the end), got float32[2] and float32[3]",
    ),
    refusalOf("matmul")(
      "int32",
      () => matmul(input([2, 3], "int32"), input([3, 4])),
      "matmul: a and b must be float32, got int32[2, 3] and float32[3, 4]",
    ),
  ],
};
