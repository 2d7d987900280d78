// What masks refuse, with the message: other sizes, other dtypes, numbers that mean nothing.

import { describe, expect, test } from "vitest";
import { array, NdArray, type Nested } from "../../core/ndarray.ts";
import { cast } from "../../core/ops/select.ts";
import { input } from "../../core/ops/source.ts";
import type { DType } from "../../core/dtype.ts";
import { fromAdditive } from "./additive.ts";
import { and, not, or } from "./algebra.ts";
import { allow } from "./allow.ts";
import { bias } from "./bias.ts";
import { causal } from "./causal.ts";
import { coordinates } from "./coordinates.ts";
import { documents } from "./documents.ts";
import { keyPadding } from "./key-padding.ts";
import { lengths } from "./lengths.ts";
import { maskMod } from "./mask-mod.ts";
import { size } from "./masks.cases.ts";
import { prefix } from "./prefix.ts";
import { fromTorchAttnMask } from "./torch.ts";
import { from01, fromKeras } from "./zero-one.ts";

const of = (dtype: DType, source: Nested): NdArray => array(source, { dtype });

describe("bad input", () => {
  const sizes = size(2, 4, 3, 5);

  test("another batch or length names both tensors and both axes", () => {
    expect(() => lengths(of("int32", [1, 2, 3])).check(sizes)).toThrow(
      "lengths: axis B is 2 in scores axis 0 but 3 in lengths axis 0\n  scores: float32[2, 4, 3, 5] as (B H T S)\n  lengths: int32[3] as (B)",
    );
    expect(() => keyPadding(of("bool", [[true], [true]])).check(sizes)).toThrow(
      "keyPadding: axis S is 5 in scores axis 3 but 1 in x axis 1\n  scores: float32[2, 4, 3, 5] as (B H T S)\n  x: bool[2, 1] as (B S)",
    );
    expect(() => allow(input([2, 4, 2, 5], "bool")).check(sizes)).toThrow(
      "allow: axis T is 3 in scores axis 2 but 2 in x axis 2",
    );
    expect(() => allow(input([2, 5], "bool")).check(sizes)).toThrow("axis T is 3 in scores axis 2 but 2 in x axis 0");
    expect(() => documents(input([2, 5], "int32")).check(sizes)).toThrow(
      "documents: axis T is 3 in scores axis 2 but 5 in queries axis 1",
    );
    expect(() => fromTorchAttnMask(input([6, 3, 5], "bool")).check(sizes)).toThrow(
      "fromTorchAttnMask: x axis 0 must be batch times heads, 2 * 4 = 8, got [6, 3, 5]",
    );
    expect(() => fromKeras(input([3, 3, 5], "bool")).check(sizes)).toThrow(
      "axis B is 2 in scores axis 0 but 3 in x axis 0",
    );
  });

  test("lengths lie in 0..S", () => {
    expect(() => lengths(of("int32", [1, -1]))).toThrow(
      "lengths: lengths must be >= 0, got -1 at element 1 of int32[2]",
    );
    expect(() => lengths(of("int32", [6, 1])).check(sizes)).toThrow(
      "lengths: lengths must lie in 0..5 (keys axis S), got 6 at element 0 of int32[2]",
    );
    expect(() => lengths(of("float32", [1, 2]))).toThrow("lengths: x must be int32 (B), got float32[2]");
    expect(() => lengths(of("bool", [[true]]))).toThrow(
      "A padding mask (B, S) that is true at real keys is keyPadding.",
    );
    expect(() => prefix({ length: -1 })).toThrow("prefix: length must be an integer >= 0, or int32 (B), got -1");
    expect(() => prefix({ length: of("float32", [1]) })).toThrow("prefix: length must be int32 (B), got float32[1]");
  });

  test("a mask made from no tensor, no array, or an array that is gone", () => {
    expect(() => lengths([1, 2] as never)).toThrow(
      "lengths: x must be int32 (B), as a Tensor or an NdArray, got Array. Make an NdArray with array().",
    );
    const gone = of("int32", [1]);
    gone.dispose();
    expect(() => lengths(gone)).toThrow("disposed");
    const remote = new NdArray("int32", [1], {
      device: "webgpu",
      native: null,
      read: () => Promise.resolve(new Int32Array(1)),
      dispose: () => {},
    });
    expect(() => lengths(remote)).toThrow("the array must be on the host, got webgpu. Use `await array.read()`.");
  });

  test("numbers other than 0 and 1", () => {
    expect(() => from01(of("int32", [[1, 2]]))).toThrow(
      "from01: elements must be 0 (block) or 1 (attend), got 2 at element 1 of int32[1, 2]. Values that are added",
    );
    expect(() => fromKeras(of("int32", [[-1]]))).toThrow("fromKeras: elements must be 0 (block) or 1 (attend), got -1");
  });

  test("a bias has no union and no opposite", () => {
    const added = bias(of("float32", [1]));
    const message =
      "a mask that adds to the scores has no union and no opposite, for it blocks nothing by adding, got bias. " +
      "Combine the masks that block first, and add the bias with and(..., bias(x)).";
    expect(() => or(causal(), added)).toThrow(`or: ${message}`);
    expect(() => not(added)).toThrow(`not: ${message}`);
    expect(() => not(and(causal(), fromAdditive(of("float32", [1]))))).toThrow("got and(causal, fromAdditive)");
    expect(and(causal(), added).addsBias).toBe(true);
  });

  test("operands that are no masks", () => {
    expect(() => and(causal(), input([2], "bool") as never)).toThrow(
      "and: every operand must be a Mask, got a Tensor bool[2]. Say what its values mean: allow(x), keyPadding(x), or an importer.",
    );
    expect(() => or(null as never)).toThrow("or: every operand must be a Mask, got null");
    expect(() => not(of("bool", [true]) as never)).toThrow("got an NdArray bool[1]. Say what its values mean");
  });

  test("a function of positions that gives something else", () => {
    const at = coordinates(sizes);
    const call = (fn: unknown): unknown => maskMod(fn as never, { name: "mine" }).allowed(at, sizes);
    expect(() => maskMod(true as never)).toThrow("maskMod: fn must be a function of { batch, head, query, key }, got");
    expect(() => call(() => true)).toThrow("mine: the result must be a Tensor, got a boolean");
    expect(() => call(() => cast(at.key, "float32"))).toThrow(
      "mine: the result must be bool, true where query and key may meet, got float32[1, 1, 1, 5]",
    );
    expect(() => call(() => input([7, 5], "bool"))).toThrow("mine: shapes must broadcast together");
    expect(() => call(() => input([1, 1, 1, 1, 5], "bool"))).toThrow(
      "mine: the result must be broadcastable to the positions [2, 4, 3, 5], got bool[1, 1, 1, 1, 5]",
    );
  });

  test("options and blocks that are none", () => {
    expect(() => causal({ align: "top-left" as never })).toThrow(
      'causal: align must be "start" or "end", got "top-left"',
    );
    expect(() => causal({ aligned: "end" } as never)).toThrow('causal: options must be among align, got "aligned"');
    expect(() => coordinates(sizes, { queryStart: 4 })).toThrow("queryStart must be an integer from 0 to 3, got 4");
    expect(() => coordinates(sizes, { queryStart: 1, queryCount: 3 })).toThrow(
      "queryCount must be an integer from 0 to 2",
    );
    expect(() => coordinates(sizes, { queryStart: input([], "int32") })).toThrow(
      "coordinates: queryCount must be said where queryStart is a tensor",
    );
    expect(() => coordinates(sizes, { keyStart: input([3], "int32"), keyCount: 1 })).toThrow(
      "keyStart must be a number, or int32 () or (2), got int32[3]",
    );
    expect(() => coordinates({ ...sizes, headCount: 0.5 })).toThrow("headCount must be an integer >= 0, got 0.5");
  });
});
