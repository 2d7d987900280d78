// Cases of scan.

import { bools, caseOf, floats, given, ints, refusalOf, type OpCases } from "../op.cases.ts";
import { gradients } from "../grad.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul } from "./binary.ts";
import { less } from "./compare.ts";
import { concat, split } from "./concat.ts";
import { customGradient, mark, stopGradient } from "./control.ts";
import { gather } from "./gather.ts";
import { matmul } from "./matmul.ts";
import { expandDims, transpose } from "./movement.ts";
import { topK } from "./order.ts";
import { random } from "./random.ts";
import { sum } from "./reduce.ts";
import { scan } from "./scan.ts";
import { where } from "./select.ts";
import { softmax } from "./softmax.ts";
import { fill, input } from "./source.ts";
import { exp, sigmoid, tanh } from "./unary.ts";

const test = caseOf("scan");
const refusal = refusalOf("scan");

/** h' = tanh(x + h w): the plain recurrent network, with all states as outputs. */
const recurrent =
  (reverse = false, recompute = false) =>
  (xs: Tensor, h0: Tensor, w: Tensor): readonly Tensor[] => {
    const { final, outputs } = scan(
      (h: Tensor, x: Tensor) => {
        const state = tanh(add(x, matmul(h, w)));
        return { state, outputs: state };
      },
      { initial: h0, sequences: xs, reverse, recompute },
    );
    return [final, outputs];
  };

const recurrentInputs = (steps: number) => [floats([steps, 2, 3], 1), floats([2, 3], 2), floats([3, 3], 3)];

/** Running sums, and a product of each row with what was summed before it. */
const running = (xs: Tensor): readonly Tensor[] => {
  const { final, outputs } = scan(
    ({ total }: { total: Tensor }, x: Tensor) => ({ state: { total: add(total, x) }, outputs: mul(total, x) }),
    { initial: { total: fill([2], 0) }, sequences: xs },
  );
  return [final.total, outputs];
};

export const scanCases: OpCases = {
  cases: [
    test("running sums by hand", [given([3, 2], [1, 2, 3, 4, 5, 6])], running, {
      expected: [
        [9, 12],
        [0, 0, 3, 8, 20, 36],
      ],
    }),
    test("a recurrent network", recurrentInputs(4), recurrent()),
    test("backwards", recurrentInputs(4), recurrent(true)),
    test("computed again", recurrentInputs(4), recurrent(false, true)),
    test("computed again, backwards", recurrentInputs(4), recurrent(true, true)),
    test("computed again, without steps", recurrentInputs(0), recurrent(false, true)),
    test("one step", recurrentInputs(1), recurrent()),
    test("no step", recurrentInputs(0), recurrent()),
    test("an empty batch", [floats([3, 0, 3], 1), floats([0, 3], 2), floats([3, 3], 3)], recurrent()),
    test(
      "no state",
      [floats([3, 4], 1)],
      (xs) =>
        scan((_state: readonly Tensor[], x: Tensor) => ({ state: [], outputs: [exp(x), softmax(x)] }), {
          initial: [],
          sequences: xs,
        }).outputs,
    ),
    test("no sequence", [floats([2, 3], 1)], (x) => {
      const { final, outputs } = scan((s: Tensor) => ({ state: mul(sigmoid(s), 2), outputs: s }), {
        initial: x,
        sequences: [],
        length: 3,
      });
      return [final, outputs];
    }),
    test("scalars", [floats([5], 1), floats([], 2)], (xs, w) => {
      const { final, outputs } = scan((s: Tensor, x: Tensor) => ({ state: add(mul(s, w), x), outputs: mul(s, s) }), {
        initial: fill([], 1),
        sequences: xs,
      });
      return [final, outputs];
    }),
    test(
      "a captured matrix on either side, and bias",
      [floats([3, 2, 4], 1), floats([2, 2], 2), floats([4, 4], 3), floats([4], 4)],
      (xs, l, r, b) =>
        scan((h: Tensor, x: Tensor) => ({ state: tanh(add(matmul(l, matmul(add(h, x), r)), b)), outputs: {} }), {
          initial: fill([2, 4], 0.5),
          sequences: xs,
        }).final,
    ),
    test("a captured matrix used twice, also outside", [floats([3, 2, 3], 1), floats([3, 3], 2)], (xs, w) => [
      matmul(
        scan((h: Tensor, x: Tensor) => ({ state: tanh(matmul(add(matmul(x, w), h), w)), outputs: {} }), {
          initial: fill([2, 3], 0),
          sequences: xs,
        }).final,
        w,
      ),
    ]),
    test(
      "attention over a captured memory",
      [floats([3, 2, 4], 1), floats([2, 5, 4], 2), floats([4], 3)],
      (queries, memory, v) => {
        const { outputs } = scan(
          (h: Tensor, q: Tensor) => {
            const scores = sum(mul(tanh(add(memory, expandDims(add(q, h), 1))), v), -1);
            const weights = mark(softmax(scores), "looked", "weights");
            const context = sum(matmul(expandDims(weights, 1), memory), 1);
            return { state: context, outputs: { context, weights } };
          },
          { initial: fill([2, 4], 0), sequences: queries },
        );
        return [outputs.context, outputs.weights];
      },
    ),
    test(
      "what does not change is computed outside",
      [floats([3, 2], 1), floats([2, 2], 2)],
      (xs, w) =>
        scan((s: Tensor, x: Tensor) => ({ state: add(s, mul(x, sum(exp(transpose(w)), 0))), outputs: {} }), {
          initial: fill([2], 0),
          sequences: xs,
        }).final,
    ),
    test("a mask and several states", [floats([4, 3, 2], 1), bools([4, 3, 1], 2), floats([2, 4], 3)], (xs, mask, w) => {
      const { final, outputs } = scan(
        ({ a, b }: { a: Tensor; b: Tensor }, { x, real }: { x: Tensor; real: Tensor }) => {
          const [gate, rest] = split(matmul(add(x, a), w), 2) as [Tensor, Tensor];
          const next = add(mul(sigmoid(gate), b), tanh(rest));
          return {
            state: { a: where(real, tanh(next), a), b: where(real, next, b) },
            outputs: where(real, next, 0),
          };
        },
        { initial: { a: fill([3, 2], 0), b: fill([3, 2], 0) }, sequences: { x: xs, real: mask }, reverse: true },
      );
      return [final.a, final.b, outputs];
    }),
    test("integers and bools", [ints([4, 3], 0, 5, 1), floats([5, 2], 2)], (rows, table) => {
      const { final, outputs } = scan(
        ({ count, seen }: { count: Tensor; seen: Tensor }, row: Tensor) => ({
          state: { count: add(count, row), seen: less(count, 6) },
          outputs: [gather(table, row), less(row, 2), mul(count, row), where(seen, 1, 0)],
        }),
        { initial: { count: fill([3], 0, "int32"), seen: less(fill([3], 0), 1) }, sequences: rows },
      );
      return [final.count, final.seen, ...outputs];
    }),
    test(
      "several outputs of one op",
      [floats([3, 5], 1)],
      (xs) => {
        const { final, outputs } = scan(
          (s: Tensor, x: Tensor) => {
            const { values, indices } = topK(add(x, s), 2);
            return { state: sum(values), outputs: [mul(values, values), indices] };
          },
          { initial: fill([], 0), sequences: xs },
        );
        return [final, ...outputs];
      },
      { smooth: false },
    ),
    test(
      "control over gradients inside",
      [floats([3, 2], 1), floats([2], 2)],
      (xs, w) =>
        scan(
          (s: Tensor, x: Tensor) => {
            const grown = customGradient(
              [s, w],
              (a, b) => tanh(mul(a, b)),
              (g, [a, b], y) => [
                mul(mul(g, b!), add(1, mul(mul(y, y), -1))),
                mul(mul(g, a!), add(1, mul(mul(y, y), -1))),
              ],
            );
            return { state: add(grown, x), outputs: {} };
          },
          { initial: fill([2], 1), sequences: xs },
        ).final,
      // 1 - tanh^2 is small here, and the runtime's tanh is good to 1e-6.
      { tolerance: 5e-5 },
    ),
    test(
      "a gradient that is stopped",
      [floats([3, 2], 1)],
      (xs) =>
        scan((s: Tensor, x: Tensor) => ({ state: add(mul(stopGradient(s), 0), x), outputs: {} }), {
          initial: fill([2], 1),
          sequences: xs,
        }).final,
    ),
    test("a state that is a captured value", [floats([2], 1), floats([3, 2], 2)], (w, xs) => {
      const { final, outputs } = scan((s: Tensor, x: Tensor) => ({ state: w, outputs: mul(s, x) }), {
        initial: fill([2], 3),
        sequences: xs,
      });
      return [final, outputs];
    }),
    test("one value twice among the outputs", [floats([3, 2], 1)], (xs) => {
      const { outputs } = scan(
        (s: Tensor, x: Tensor) => {
          const y = exp(x);
          return { state: y, outputs: [y, y, x, s] };
        },
        { initial: fill([2], 1), sequences: xs },
      );
      return outputs;
    }),
    test("a loop in a loop", [floats([2, 3, 2], 1), floats([2, 2], 2), floats([2], 3)], (xs, w, b) => {
      const { final, outputs } = scan(
        (outer: Tensor, rows: Tensor) => {
          const inner = scan(
            (s: Tensor, row: Tensor) => {
              const next = tanh(add(mul(add(s, outer), row), matmul(expandDims(s, 0), w)));
              return { state: sum(next, 0), outputs: mul(s, b) };
            },
            { initial: outer, sequences: rows },
          );
          return { state: add(inner.final, b), outputs: inner.outputs };
        },
        { initial: fill([2], 0.5), sequences: xs },
      );
      return [final, outputs];
    }),
    test(
      "a gradient in the body",
      [floats([3, 2], 1), floats([2], 2)],
      (xs, w) =>
        scan(
          (p: Tensor, x: Tensor) => {
            const [g] = gradients(sum(exp(mul(mul(p, w), x))), [p]);
            return { state: add(p, mul(g!, -0.1)), outputs: {} };
          },
          { initial: fill([2], 0.5), sequences: xs },
        ).final,
    ),
    test(
      "joined with what came before",
      [floats([3, 1, 2], 1), floats([4, 2], 2)],
      (xs, w) =>
        scan((s: Tensor, x: Tensor) => ({ state: matmul(concat([s, x], 1), w), outputs: {} }), {
          initial: fill([1, 2], 1),
          sequences: xs,
        }).final,
    ),
  ],
  refusals: [
    refusal(
      "sequences of two lengths",
      () =>
        scan((s: Tensor) => ({ state: s, outputs: {} }), {
          initial: fill([], 0),
          sequences: { x: input([3, 2]), y: input([4]) },
        }),
      "scan: sequences must have one number of steps, their first axis, got x float32[3, 2], y float32[4]",
    ),
    refusal(
      "no sequence and no length",
      () => scan((s: Tensor) => ({ state: s, outputs: {} }), { initial: fill([], 0), sequences: [] }),
      "scan: sequences must have one number of steps, their first axis, got no sequence. Pass `length`.",
    ),
    refusal(
      "a scalar sequence",
      () => scan((s: Tensor) => ({ state: s, outputs: {} }), { initial: fill([], 0), sequences: input([]) }),
      "scan: sequences must be tensors with at least 1 axis, got float32[]",
    ),
    refusal(
      "a state of another shape",
      () =>
        scan((s: { h: Tensor }, x: Tensor) => ({ state: { h: concat([s.h, x]) }, outputs: {} }), {
          initial: { h: fill([2], 0) },
          sequences: input([3, 2]),
        }),
      "scan: the body must return state h as float32[2], got float32[4]",
    ),
    refusal(
      "a state that is not returned",
      () =>
        scan((s: { h: Tensor; c: Tensor }) => ({ state: { h: s.h } as never, outputs: {} }), {
          initial: { h: fill([2], 0), c: fill([2], 0) },
          sequences: input([3, 2]),
        }),
      "scan: the body must return state c as float32[2], got none",
    ),
    refusal(
      "a state that was not there",
      () =>
        scan((s: { h: Tensor }) => ({ state: { ...s, c: s.h }, outputs: {} }), {
          initial: { h: fill([2], 0) },
          sequences: input([3, 2]),
        }),
      "scan: the body must return a state of the structure of the initial one, got also state c",
    ),
    refusal(
      "an output that is no tensor",
      () => scan((s: Tensor) => ({ state: s, outputs: { n: 3 } }), { initial: fill([], 0), sequences: input([3]) }),
      "scan: the body's outputs must be tensors, got number at n",
    ),
    refusal(
      "an unknown option",
      () =>
        scan((s: Tensor) => ({ state: s, outputs: {} }), {
          initial: fill([], 0),
          sequences: [],
          revers: true,
        } as never),
      'scan: options must be among initial, sequences, length, reverse, recompute, got "revers"',
    ),
    refusal(
      "a direction that is a text",
      () =>
        scan((s: Tensor) => ({ state: s, outputs: {} }), {
          initial: fill([], 0),
          sequences: input([3]),
          reverse: "false" as never,
        }),
      "scan: reverse must be true or false, got a string",
    ),
    refusalOf("random")(
      "in the body of a loop",
      () => {
        const key = input([2], "int32");
        return scan((s: Tensor) => ({ state: add(s, random(key, [2])), outputs: {} }), {
          initial: fill([2], 0),
          sequences: input([3]),
        });
      },
      "random: random numbers cannot be drawn in the body of a loop, where every step would get the same. Draw them outside with the steps as first axis, and scan over them.",
    ),
  ],
};
