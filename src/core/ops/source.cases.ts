// Cases of inputs, constants, fills and counts.

import { bools, caseOf, floats, ints, oneShapes, refusalOf, shown, type OpCases } from "../op.cases.ts";
import { array, NdArray } from "../ndarray.ts";
import { mul } from "./binary.ts";
import { constant, fill, input, iota } from "./source.ts";

const baked = (sample: ReturnType<typeof floats>): NdArray => new NdArray(sample.dtype, sample.shape, sample.data);

export const sourceCases: OpCases = {
  cases: [
    ...oneShapes.map((shape) => caseOf("input")(shown(shape), [floats(shape, 1)], (x) => x)),
    caseOf("input")(
      "int32, bool and uint8",
      [ints([3], -9, 9), bools([3]), { dtype: "uint8", shape: [2], data: Uint8Array.of(0, 255) }],
      (...all) => all,
    ),
    caseOf("input")("one that is not used", [floats([2], 1), floats([3], 2)], (x) => x),
    ...oneShapes.map((shape) =>
      caseOf("constant")(shown(shape), [floats(shape, 2)], (x) => mul(constant(baked(floats(shape, 1))), x)),
    ),
    caseOf("constant")(
      "alone",
      [],
      () => [
        constant([
          [1, 2],
          [3, 4],
        ]),
        constant(5),
        constant([true, false]),
        constant([-1, 7], "int32"),
      ],
      {
        expected: [[1, 2, 3, 4], [5], [1, 0], [-1, 7]],
      },
    ),
    ...oneShapes.map((shape) => caseOf("fill")(shown(shape), [floats(shape, 1)], (x) => mul(fill(shape, 2.5), x))),
    caseOf("fill")("alone", [], () => [fill([2], 0.5), fill([], -3, "int32"), fill([3], 1, "bool"), fill([2, 0], 1)], {
      expected: [[0.5, 0.5], [-3], [1, 1, 1], []],
    }),
    caseOf("fill")(
      "large",
      [],
      () => [fill([5, 7], 0.25), fill([20], -4, "int32"), fill([20], 1, "bool"), fill([20], 9, "uint8")],
      {
        expected: [0.25, -4, 1, 9].map((v, i) => new Array<number>(i === 0 ? 35 : 20).fill(v)),
      },
    ),
    caseOf("iota")("alone", [], () => [iota(4), iota(1), iota(0)], { expected: [[0, 1, 2, 3], [0], []] }),
  ],
  refusals: [
    refusalOf("input")(
      "a negative size",
      () => input([2, -1]),
      "input: every axis must be an integer >= 0, got [2, -1]",
    ),
    refusalOf("fill")("a fractional size", () => fill([1.5], 0), "fill: every axis must be an integer >= 0, got [1.5]"),
    refusalOf("fill")(
      "a number that int32 cannot hold",
      () => fill([], 3e9, "int32"),
      "fill: the value of a fill of int32 must be an integer from -2147483648 to 2147483647, got 3000000000",
    ),
    refusalOf("fill")(
      "a number as bits",
      () => fill([], 1, "float16"),
      "fill: the value of a fill of float16 must be given as bits, got 1",
    ),
    refusalOf("fill")(
      "a shape that is no list",
      () => fill(3 as never, 0),
      "fill: the shape must be a list of sizes, got a number",
    ),
    refusalOf("fill")(
      "too many elements",
      () => fill([2 ** 31, 2 ** 31], 0),
      "fill: at most 9007199254740991 elements can be counted, got [2147483648, 2147483648]",
    ),
    refusalOf("input")(
      "a dtype that is none",
      () => input([2], "flot" as never),
      'input: dtype must be among float32, int32, bool, uint8, float16, bfloat16, float64, int64, got "flot"',
    ),
    refusalOf("iota")("a negative count", () => iota(-1), "iota: every axis must be an integer >= 0, got [-1]"),
    refusalOf("constant")(
      "an array of another dtype",
      () => constant(array([1, 2]), "int32"),
      'constant: an array of int32 is required, got float32[2]. Use cast(constant(a), "int32").',
    ),
    refusalOf("constant")(
      "ragged rows",
      () => constant([[1, 2], [3]]),
      "array: nested arrays must be rectangular, [2, 2] from the first elements, got 1 elements at depth 1",
    ),
  ],
};
