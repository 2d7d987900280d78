// Cases of random: the suite draws the numbers on the host too, and expects the engine to feed the same.

import { caseOf, floats, givenInts, refusalOf, type OpCases } from "../op.cases.ts";
import { add, mul } from "./binary.ts";
import { cast } from "./select.ts";
import { random } from "./random.ts";
import { input } from "./source.ts";

const test = caseOf("random");
const key = givenInts([2], [20260101, -7]);

export const randomCases: OpCases = {
  cases: [
    test("uniform", [key], (k) => random(k, [3, 5])),
    test("normal", [key], (k) => random(k, [3, 5], { type: "normal" })),
    test("bernoulli", [key], (k) => random(k, [17], { type: "bernoulli", probability: 0.3 })),
    test("a stream a use", [key], (k) => [random(k, [4]), random(k, [4]), random(k, [], { type: "normal" })]),
    test("two keys", [key, givenInts([2], [1, 2])], (a, b) => [random(a, [4]), random(b, [4])]),
    test("a dropout", [key, floats([4, 3], 1)], (k, x) =>
      mul(x, cast(random(k, [4, 3], { type: "bernoulli", probability: 0.5 }), "float32")),
    ),
    test("nothing", [key], (k) => random(k, [0, 2])),
    test("with the key as a value too", [key], (k) => [add(k, 1), random(k, [2])]),
  ],
  refusals: [
    refusalOf("random")(
      "a float32 key",
      () => random(input([2]), [3]),
      "random: the key must be int32[2], got float32[2]. Make one with randomKey(seed).",
    ),
    refusalOf("random")(
      "a computed key",
      () => random(add(input([2], "int32"), 1), [3]),
      "random: the key must be an input of the graph, got a computed int32[2]. Pass the key as an argument of the compiled function.",
    ),
    refusalOf("random")(
      "an unknown kind",
      () => random(input([2], "int32"), [3], { type: "gauss" } as never),
      'random: the type of numbers must be among uniform, normal, bernoulli, got "gauss"',
    ),
    refusalOf("random")(
      "an unknown option",
      () => random(input([2], "int32"), [3], { type: "normal", scale: 2 } as never),
      'random: options must be among type, got "scale"',
    ),
    refusalOf("random")(
      "a probability beyond 1",
      () => random(input([2], "int32"), [3], { type: "bernoulli", probability: 1.5 }),
      "random: probability must lie in 0..1, got 1.5",
    ),
  ],
};
