// Cases of softmax and its logarithm.

import { caseOf, floats, given, oneShapes, refusalOf, shown, type OpCases } from "../op.cases.ts";
import { logSoftmax, logSumExp, softmax } from "./softmax.ts";
import { input } from "./source.ts";

const ops = { softmax, logSoftmax } as const;
const names = ["softmax", "logSoftmax"] as const;
const thirds = given([3], [0, Math.log(2), Math.log(3)]);

export const softmaxCases: OpCases = {
  cases: [
    caseOf("softmax")("values by hand", [thirds], (x) => softmax(x), { expected: [[1 / 6, 1 / 3, 1 / 2]] }),
    caseOf("logSoftmax")("values by hand", [thirds], (x) => [logSoftmax(x), logSumExp(x)], {
      expected: [[-Math.log(6), -Math.log(3), -Math.LN2], [Math.log(6)]],
    }),
    ...names.flatMap((op) => [
      ...oneShapes
        .filter((shape) => shape.length > 0)
        .map((shape) => caseOf(op)(shown(shape), [floats(shape, 1)], (x) => ops[op](x))),
      caseOf(op)("the first axis", [floats([3, 4], 1)], (x) => ops[op](x, 0)),
      caseOf(op)("the middle axis", [floats([2, 3, 4], 1)], (x) => ops[op](x, 1)),
      caseOf(op)("large scores", [given([2, 3], [1000, 999, 998, -1000, -1001, -1000])], (x) => ops[op](x)),
      caseOf(op)("a wide line", [floats([2, 300], 1, { from: -8, to: 8 })], (x) => ops[op](x)),
    ]),
    caseOf("exp")("as a logSumExp", [floats([3, 4], 1, { from: -9, to: 9 })], (x) => [logSumExp(x), logSumExp(x, 0)]),
    caseOf("softmax")("with -Infinity", [given([2, 2], [-Infinity, 3, 0, -Infinity])], (x) => softmax(x), {
      expected: [[0, 1, 1, 0]],
      smooth: false,
    }),
    caseOf("softmax")("all -Infinity", [given([2], [-Infinity, -Infinity])], (x) => softmax(x), {
      expected: [[NaN, NaN]],
      smooth: false,
    }),
  ],
  refusals: names.flatMap((op) => [
    refusalOf(op)("int32", () => ops[op](input([2], "int32")), `${op}: x must be float32, got int32[2]`),
    refusalOf(op)("a scalar", () => ops[op](input([])), `${op}: a tensor with axes is required, got -1`),
  ]),
};
