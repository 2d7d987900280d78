// Cases of stopGradient, customGradient and marks.

import { caseOf, floats, ints, oneShapes, refusalOf, shown, type OpCases } from "../op.cases.ts";
import { gradients } from "../grad.ts";
import { add, mul } from "./binary.ts";
import { customGradient, mark, stopGradient } from "./control.ts";
import { sum } from "./reduce.ts";
import { input } from "./source.ts";
import { exp } from "./unary.ts";

/** e^x whose gradient is given by the rule. */
const exponential = (x: Parameters<typeof exp>[0]): ReturnType<typeof exp> =>
  customGradient(
    [x],
    (v) => exp(v),
    (g, _inputs, y) => [mul(g, y)],
  );

export const controlCases: OpCases = {
  cases: [
    // Its gradient is 0 by decree, so only the value can be compared with differences.
    ...oneShapes.map((shape) =>
      caseOf("stopGradient")(shown(shape), [floats(shape, 1)], (x) => stopGradient(x), { smooth: false }),
    ),
    ...oneShapes.map((shape) => caseOf("customGradient")(shown(shape), [floats(shape, 1)], exponential)),
    ...oneShapes.map((shape) =>
      caseOf("site")(shown(shape), [floats(shape, 1)], (x) => mul(mark(x, "here", "weights"), x)),
    ),
    caseOf("site")("int32", [ints([3], -9, 9)], (x) => mark(x, "here", "indices")),
  ],
  refusals: [
    refusalOf("customGradient")(
      "a rule with a gradient of another shape",
      () => {
        const x = input([2]);
        return gradients(
          sum(
            customGradient(
              [x],
              (v) => v,
              () => [input([3])],
            ),
          ),
          [x],
        );
      },
      "customGradient: the gradient rule must give null or a tensor of the type float32[2], or of one that it stretches to, for input 1, got float32[3]",
    ),
    refusalOf("customGradient")(
      "a rule with a gradient of an integer",
      () => {
        const [x, i] = [input([2]), input([2], "int32")];
        return gradients(
          sum(
            customGradient(
              [x, i],
              (v) => v,
              (g) => [g, g],
            ),
          ),
          [x],
        );
      },
      "customGradient: the gradient rule must give null for input 2, got float32[2]",
    ),
    refusalOf("customGradient")(
      "a rule that gives nothing",
      () => {
        const x = input([2]);
        return gradients(
          sum(
            customGradient(
              [x],
              (v) => v,
              () => undefined as never,
            ),
          ),
          [x],
        );
      },
      "customGradient: the rule must give 1 gradients, one an input, got undefined",
    ),
    refusalOf("customGradient")(
      "a rule with a gradient too many",
      () => {
        const x = input([2]);
        return gradients(
          sum(
            customGradient(
              [x],
              (v) => add(v, 1),
              (g) => [g, g],
            ),
          ),
          [x],
        );
      },
      "customGradient: the rule must give 1 gradients, one an input, got 2",
    ),
  ],
};
