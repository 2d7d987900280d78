// Cases of layer normalisation.

import { caseOf, floats, given, refusalOf, shown, type OpCases } from "../op.cases.ts";
import { layerNorm } from "./layer-norm.ts";
import { input } from "./source.ts";

const test = caseOf("layerNorm");

const shapes: readonly (readonly number[])[] = [[6], [2, 4], [2, 3, 5], [3, 1], [0, 4], [2, 0, 3]];

export const layerNormCases: OpCases = {
  cases: [
    // Mean 2, variance 2/3: (x - 2) / sqrt(2/3) is -sqrt(1.5), 0, sqrt(1.5).
    test(
      "values by hand",
      [given([3], [1, 2, 3]), given([3], [1, 2, 3]), given([3], [0, 0.5, 1])],
      (x, s, b) => layerNorm(x, s, b, 0),
      {
        expected: [[-Math.sqrt(1.5), 0.5, 1 + 3 * Math.sqrt(1.5)]],
      },
    ),
    ...shapes.map((shape) =>
      test(shown(shape), [floats(shape, 1), floats([shape.at(-1)!], 2), floats([shape.at(-1)!], 3)], (x, s, b) =>
        layerNorm(x, s, b),
      ),
    ),
    test("a large epsilon", [floats([2, 4], 1), floats([4], 2), floats([4], 3)], (x, s, b) => layerNorm(x, s, b, 0.5)),
  ],
  refusals: [
    refusalOf("layerNorm")(
      "a scale of another size",
      () => layerNorm(input([2, 3]), input([2]), input([3])),
      "layerNorm: x (..., N) with N > 0, scale (N) and bias (N) are required, got float32[2, 3], float32[2], float32[3]",
    ),
    refusalOf("layerNorm")(
      "int32",
      () => layerNorm(input([2, 3], "int32"), input([3]), input([3])),
      "layerNorm: x, scale and bias must be float32, got int32[2, 3], float32[3], float32[3]",
    ),
    refusalOf("layerNorm")(
      "a negative epsilon",
      () => layerNorm(input([3]), input([3]), input([3]), -1),
      "layerNorm: epsilon must be >= 0, got -1",
    ),
  ],
};
