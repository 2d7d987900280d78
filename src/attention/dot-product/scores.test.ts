// Scores of -Infinity, functions of users that give something else, and what is no attention at all.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { array, type NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { equal, less } from "../../core/ops/compare.ts";
import { sum } from "../../core/ops/reduce.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { where } from "../../core/ops/select.ts";
import { input } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { scaledDotProduct } from "../first-steps.ts";
import { linearAttention } from "../linear/linear-attention.ts";
import { and } from "../masks/algebra.ts";
import { bias } from "../masks/bias.ts";
import { causal } from "../masks/causal.ts";
import type { Mask } from "../masks/mask.ts";
import { maskMod } from "../masks/mask-mod.ts";
import { intervene } from "../observe/intervene.ts";
import { attention, type AttentionOptions } from "./attention.ts";
import type { ScoreMod } from "./rules.ts";

const same = array([[[[1, 0]], [[1, 0]], [[1, 0]]]]); // (1, 3, 1, 2): all scores alike
const values = array([[[[1]], [[10]], [[100]]]]);
const numbers = (a: NdArray): readonly number[] => Array.from(a.data as Float32Array);

describe("-Infinity at all keys that a query may see never sends it to keys that it may not see", () => {
  const notItself: ScoreMod = (scores, { query, key }) => where(equal(query, key), -Infinity, scores);
  const minus: ScoreMod = (scores, { query, key }) => where(equal(add(query, key), 0), -Infinity, scores);
  const zeros = bias(array([[0, 0, 0], [0, 0, 0], [0, 0, 0]])); // prettier-ignore
  const past = maskMod(({ query, key }) => equal(query, key));
  const first = [0, 1, 5.5];
  const cases: Readonly<Record<string, readonly [Partial<AttentionOptions>, readonly number[]]>> = {
    "a causal mask": [{ mask: causal(), scoreMod: notItself }, first],
    "a causal mask, uniform empty rows": [{ mask: causal(), scoreMod: notItself, emptyRows: "uniform" }, first],
    "a mask that may leave rows empty, uniform": [{ mask: past, scoreMod: notItself, emptyRows: "uniform" }, [0, 0, 0]],
    "one pair, beside a bias": [{ mask: and(causal(), zeros), scoreMod: minus }, [0, 5.5, 37]],
    "one pair, beside a bias, uniform empty rows": [{ mask: and(causal(), zeros), scoreMod: minus, emptyRows: "uniform" }, [0, 5.5, 37]], // prettier-ignore
    "rows that are empty by the mask are uniform": [
      { mask: maskMod(({ query }) => less(0, query)), scoreMod: (scores) => scores, emptyRows: "uniform" },
      [37, 37, 37],
    ],
  };
  const runs = Object.entries(cases).flatMap(([name, [options, want]]) =>
    (["plain", "blocked"] as const).map((lowering) => [name, lowering, options, want] as const),
  );
  test.each(runs)("%s, %s", async (_name, lowering, options, want) => {
    const fn = (query: Tensor, keys: Tensor, v: Tensor): readonly Tensor[] => {
      const { context } = attention({ query, keys, values: v, lowering, ...options });
      return [context, ...gradients(sum(context), [query, keys, v])];
    };
    const [context, ...grads] = await evaluate(fn, same, same, values);
    expectClose(numbers(context!), want, { rtol: 1e-6 });
    for (const g of grads) expect(numbers(g).every(Number.isFinite)).toBe(true);
  });

  test("without a mask there is nothing that says 0: NaN, which is not hidden", async () => {
    const nowhere: ScoreMod = (scores) => where(equal(scores, scores), -Infinity, scores);
    const fn = (x: Tensor, v: Tensor): Tensor =>
      attention({ query: x, keys: x, values: v, scoreMod: nowhere, lowering: "plain" }).context;
    expect(numbers(await evaluate(fn, same, values)).every(Number.isNaN)).toBe(true);
  });
});

describe("what is refused where it is given", () => {
  const x = input([1, 4, 2, 8]);
  const call = (more: object): (() => unknown) => () => attention({ query: x, keys: x, values: x, ...more } as never); // prettier-ignore
  const flat = input([4, 8]);
  const summed = (scores: Tensor): Tensor => sum(scores, -1);
  const head = (scores: Tensor): Tensor => sliceAxis(scores, 1, 0, 1);
  const changed = (weights: Tensor): Tensor => sum(weights, -1, { keepDims: true });
  const tensor = input([1, 4], "bool");
  const aMask = "mask must be a Mask, got a Tensor bool[1, 4]. Say what its values mean: allow(x), keyPadding(x)";
  test.each<readonly [string, () => unknown, string]>([
    [
      "a function that sums scores",
      call({ scoreMod: summed }),
      "attention: scoreMod must give what it is given, float32[1, 2, 4, 4], got float32[1, 2, 4]",
    ],
    [
      "a function that gives one head",
      call({ scoreMod: head, lowering: "blocked" }),
      "attention: scoreMod must give what it is given, float32[1, 2, 4, 4], got float32[1, 1, 4, 4]",
    ],
    [
      "a function that gives nothing",
      call({ scoreMod: () => undefined }),
      "attention: the result of scoreMod must be a Tensor, got undefined",
    ],
    [
      "a normalizer that sums",
      call({ normalize: summed }),
      "attention: normalize must give what it is given, float32[1, 2, 4, 4], got float32[1, 2, 4]",
    ],
    [
      "an intervention that sums",
      () => intervene((y: Tensor) => attention({ query: y, keys: y, values: y }).context, { "*": changed })(x),
      "intervene: the change of attention must give what it is given, float32[1, 2, 4, 4], got float32[1, 2, 4, 1]",
    ],
    ["a lowering that is none", call({ lowering: "flash" }), "attention: lowering must be among fused, plain, blocked, got flash"],
    ["a tensor as a mask", call({ mask: tensor }), `attention: ${aMask}`],
    ["true as a mask", call({ mask: true }), "attention: mask must be a Mask, got a boolean"],
    [
      "a tensor as a mask of linear attention",
      () => linearAttention({ query: x, keys: x, values: x, mask: tensor as never }),
      `linearAttention: ${aMask}`,
    ],
    [
      "a tensor as a mask of the one-liner",
      () => scaledDotProduct(flat, flat, flat, { mask: tensor as unknown as Mask }),
      `attention: ${aMask}`,
    ],
    [
      "numbers in place of tensors",
      () => scaledDotProduct([[1]] as never, flat, flat),
      "scaledDotProduct: query must be a Tensor, got",
    ],
    ["no values", call({ values: undefined }), "attention: values must be a Tensor, got undefined"],
  ])("%s", (_name, fn, message) => expect(fn).toThrow(message)); // prettier-ignore
});
