// Value norms by hand and against the vectors themselves.

import { expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { rng } from "../../core/random.ts";
import { drawnWeights, elements, floats } from "./model.cases.ts";
import { valueNormWeights } from "./value-norm-weights.ts";

test("a weight times the length of what it lets through", () => {
  // One head of size 1, values 3 and 0; the output is 2 v in its first place: norms 6 and 0.
  const { perHead, joint } = valueNormWeights(
    floats([1, 1, 1, 2], [0.25, 0.75]),
    floats([1, 2, 1, 1], [3, 0]),
    floats([1, 2], [2, 0]),
  );
  expect([elements(perHead), elements(joint)]).toEqual([
    [1.5, 0],
    [1.5, 0],
  ]);
  // Two heads that send (1, 0) and (-1, 0) cancel where their weights are equal.
  const opposed = valueNormWeights(
    floats([1, 2, 1, 1], [0.5, 0.5]),
    floats([1, 1, 2, 1], [1, 1]),
    floats([2, 2], [1, 0, -1, 0]),
  );
  expect([elements(opposed.perHead), elements(opposed.joint)]).toEqual([[0.5, 0.5], [0]]);
});

test.each([4, 2, 1])("are the norms of the vectors, for %i heads of values", (G) => {
  const [B, H, T, S, E, O] = [2, 4, 3, 5, 3, 4];
  const draw = rng(G);
  const weights = drawnWeights([B, H, T, S], 20);
  const values = draw.normal([B, S, G, E], 1);
  const output = draw.normal([H * E, O], 1);
  const [w, v, p] = [weights, values, output].map(elements) as [number[], number[], number[]];
  const sent = (b: number, h: number, t: number, s: number): number[] =>
    Array.from({ length: O }, (_, o) => {
      let sum = 0;
      for (let e = 0; e < E; e++)
        sum += v[((b * S + s) * G + Math.floor(h / (H / G))) * E + e]! * p[(h * E + e) * O + o]!;
      return w[((b * H + h) * T + t) * S + s]! * sum;
    });
  const { perHead, joint } = valueNormWeights(weights, values, output);
  const norms: number[] = [];
  const joints: number[] = [];
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let t = 0; t < T; t++) for (let s = 0; s < S; s++) norms.push(Math.hypot(...sent(b, h, t, s)));
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++)
      for (let s = 0; s < S; s++) {
        const all = Array.from({ length: H }, (_, h) => sent(b, h, t, s));
        joints.push(Math.hypot(...Array.from({ length: O }, (_, o) => all.reduce((sum, y) => sum + y[o]!, 0))));
      }
  expect([perHead.shape, joint.shape]).toEqual([
    [B, H, T, S],
    [B, T, S],
  ]);
  expectClose(elements(perHead), norms, { rtol: 1e-6 });
  expectClose(elements(joint), joints, { rtol: 1e-6 });
});
