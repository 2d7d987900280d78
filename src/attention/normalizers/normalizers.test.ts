// What every normalizer promises: blocked positions have no influence at all, an empty row gives zeros, NaN is passed on,
// the order of positions does not matter, and rows stand alone.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import { input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import {
  asGiven,
  B,
  cpu,
  isAllowed,
  kinds,
  mask,
  parametersOf,
  paramsOf,
  reference,
  rewritten,
  row,
  S,
  scores,
  seedOf,
} from "./normalizers.cases.ts";

describe.each(kinds)("%s", (_name, kind) => {
  test("weights are at least 0 and sum to what they should", async () => {
    for (const given of [asGiven(scores), asGiven(scores, mask)]) {
      const { weights } = await cpu(kind, given);
      expect(weights!.every((w) => w >= 0 && w <= 1)).toBe(true);
      for (let b = 0; b < B; b++) {
        const total = row(weights, b).reduce((x, y) => x + y, 0);
        if (kind.sum === "one") expect(total).toBeCloseTo(1, 6);
        if (kind.sum === "less") expect(total).toBeLessThan(1);
        expect(total).toBeGreaterThan(0);
      }
    }
  });

  test.each([
    ["other numbers", (i: number) => 100 * Math.sin(i)],
    ["the largest", () => 3.4e38],
    ["Infinity", () => Infinity],
    ["-Infinity", () => -Infinity],
    ["NaN", () => NaN],
  ])("blocked scores have no influence, to the last bit, in results and gradients: %s", async (_, value) => {
    const plain = await cpu(kind, asGiven(scores, mask));
    const other = rewritten(scores, (i, v) => (isAllowed(i) ? v : value(i)));
    expect(await cpu(kind, asGiven(other, mask))).toEqual(plain);
    expect(Object.values(plain).flat().every(Number.isFinite)).toBe(true);
    plain["weights"]!.forEach((w, i) => isAllowed(i) || expect(w).toBe(0));
    plain["gradient of scores"]!.forEach((g, i) => isAllowed(i) || expect(g).toBe(0));
  });

  test("blocked positions are as if they were not there", async () => {
    const plain = await cpu(kind, asGiven(scores, mask));
    for (let b = 0; b < B; b++) {
      const at = [...new Array(S).keys()].map((i) => b * S + i).filter(isAllowed);
      const pick = (a: NdArray): NdArray => array(Float32Array.from(at, (i) => a.data[i] as number));
      const short = await cpu(kind, asGiven(pick(scores), null, pick(seedOf([B, S]))));
      for (const name of ["weights", "gradient of scores"])
        expectClose(at.map((i) => plain[name]![i]!), short[name]!, { rtol: 1e-6, atol: 1e-6 }, name); // prettier-ignore
    }
  });

  test("a row that allows nothing gets weights 0 and gradients 0, whatever its scores are", async () => {
    const plain = await cpu(kind, asGiven(scores, mask));
    const none = rewritten(mask, (i, m) => (i < S ? 0 : m));
    for (const value of [0, NaN, Infinity]) {
      const some = await cpu(kind, asGiven(rewritten(scores, (i, v) => (i < S ? value : v)), none)); // prettier-ignore
      for (const name of ["weights", "gradient of scores"]) {
        expect(row(some[name], 0)).toEqual(new Array(S).fill(0));
        expect(some[name]!.slice(S)).toEqual(plain[name]!.slice(S));
      }
      expect(parametersOf(some).every(Number.isFinite)).toBe(true);
    }
    const all = await cpu(kind, asGiven(rewritten(scores, () => NaN), rewritten(mask, () => 0))); // prettier-ignore
    expect(Object.values(all).flat().every((v) => v === 0)).toBe(true); // prettier-ignore
  });

  test("positions in another order give the weights in that order", async () => {
    const order = [3, 0, 5, 4, 1, 2];
    const turn = (values: ArrayLike<number>): number[] =>
      Array.from({ length: B * S }, (_, i) => values[Math.floor(i / S) * S + order[i % S]!]!);
    const turned = (a: NdArray): NdArray => rewritten(a, (i) => turn(a.data as Float32Array)[i]!);
    const plain = await cpu(kind, asGiven(scores, mask));
    const other = await cpu(kind, asGiven(turned(scores), turned(mask), turned(seedOf([B, S]))));
    for (const name of ["weights", "gradient of scores"])
      expectClose(other[name]!, turn(plain[name]!), { rtol: 1e-6, atol: 1e-6 }, name);
  });

  test("NaN at an allowed position is passed on, and other rows do not feel it", async () => {
    const plain = await cpu(kind, asGiven(scores, mask));
    const at = S + 2;
    const got = await cpu(kind, asGiven(rewritten(scores, (i, v) => (i === at ? NaN : v)), mask)); // prettier-ignore
    const { weights, "gradient of scores": slopes } = got;
    expect(weights![at]).toBeNaN();
    expect(slopes![at]).toBeNaN();
    for (let i = S; i < 2 * S; i++)
      if (!isAllowed(i)) expect(weights![i]).toBe(0);
      else if (kind.couples === false && i !== at) expect(weights![i]).toBe(plain["weights"]![i]);
      else if (weights![i] !== 0) expect(weights![i]).toBeNaN();
    for (const b of [0, 2]) {
      expect(row(weights, b)).toEqual(row(plain["weights"], b));
      expect(row(slopes, b)).toEqual(row(plain["gradient of scores"], b));
    }
  });

  test("an infinite score does what is said of it", async () => {
    const rows = [[Infinity, 0], [0, Infinity], [NaN, NaN]]; // prettier-ignore
    const weights = (await cpu(kind, asGiven(array(rows), array([[true, true], [true, true], [false, false]]))))["weights"]!; // prettier-ignore
    const expected = kind.infinite ?? [NaN, NaN];
    expectClose(weights, [...expected, ...[...expected].reverse(), 0, 0], { rtol: 1e-6 });
    const low = await cpu(kind, asGiven(array([[1, -Infinity, 0.5, -Infinity]])));
    expect(Object.values(low).flat().every(Number.isFinite)).toBe(true); // prettier-ignore
    if (!kind.infinite || kind.couples === false) expect([low["weights"]![1], low["weights"]![3]]).toEqual([0, 0]);
    for (const i of [1, 3]) expect(Math.abs(low["gradient of scores"]![i]!)).toBe(0);
    const nothing = (await cpu(kind, asGiven(array([[-Infinity, -Infinity, -Infinity, -Infinity]]))))["weights"]!;
    if (kind.nothing === undefined) expect(nothing.every((w) => w === 0 || Number.isNaN(w))).toBe(true);
    else expectClose(nothing, new Array(4).fill(kind.nothing), { rtol: 1e-6 });
  });

  test("the largest and lowest finite scores are scores", async () => {
    const given = asGiven(array([[2e38, -2e38, 1e30, 3e38]]), array([[true, true, true, false]]));
    const got = await cpu(kind, given);
    expect(Object.values(got).flat().every(Number.isFinite)).toBe(true);
    expectClose(got["weights"]!, reference(kind, given)["weights"]!, { rtol: 0, atol: 1e-5 });
    if (kind.sum === "one") expect(got["weights"]!.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  test("rows of one position and of none, and no rows", async () => {
    const one = await cpu(kind, asGiven(array([[-3], [7]])));
    if (kind.sum === "one") expect(one["weights"]).toEqual([1, 1]);
    if (kind.sum === "one") expect(one["gradient of scores"]!.every((g) => Math.abs(g) === 0)).toBe(true);
    for (const shape of [[2, 0], [0, 3], [0]]) {
      const empty = new NdArray("float32", shape, new Float32Array(0));
      for (const m of [null, new NdArray("bool", shape, new Uint8Array(0))]) {
        const { weights, "gradient of scores": slopes, ...rest } = await cpu(kind, asGiven(empty, m));
        expect([weights, slopes]).toEqual([[], []]);
        expect(Object.values(rest).flat().every((v) => v === 0)).toBe(true); // prettier-ignore
      }
    }
  });

  test("rows stand alone at any rank, and the mask is broadcast", async () => {
    const deep = rng(14).normal([2, 1, 3, S], 1);
    const narrow = array([[[[true, true, false, true, true, true]]], [[[true, false, true, true, true, false]]]]);
    const wide = new NdArray("bool", deep.shape, Uint8Array.from({ length: deep.size }, (_, i) => narrow.data[Math.floor(i / (3 * S)) * S + (i % S)] as number)); // prettier-ignore
    const got = await cpu(kind, asGiven(deep, narrow));
    expect(await cpu(kind, asGiven(deep, wide))).toEqual(got);
    for (let r = 0; r < 6; r++) {
      const pick = <A extends NdArray>(a: A): NdArray => new NdArray(a.dtype, [S], (a.data as Float32Array).slice(r * S, (r + 1) * S)); // prettier-ignore
      const alone = await cpu(kind, asGiven(pick(deep), pick(wide), pick(seedOf(deep.shape))));
      for (const name of ["weights", "gradient of scores"])
        expectClose(row(got[name], r), alone[name]!, { rtol: 1e-6, atol: 1e-7 }, name);
    }
  });

  test("a mask that allows all changes nothing", async () => {
    const all = new NdArray("bool", [B, S], new Uint8Array(B * S).fill(1));
    expect(await cpu(kind, asGiven(scores, all))).toEqual(await cpu(kind, asGiven(scores)));
  });

  test.each([
    ["a mask of another length", [2, 3], [2, 4], "bool"],
    ["a mask that is larger than the scores", [2, 3], [5, 2, 3], "bool"],
    ["scores without positions", [], [], "bool"],
    ["a mask of numbers", [2, 3], [2, 3], "float32"],
  ] as const)("refuses %s", (_, shape, maskShape, dtype) => {
    const params = mapTree<unknown, NdArray, Tensor>(paramsOf(kind.stage), (a) => input(a.shape));
    expect(() => kind.stage.normalize(params as never, input(shape), input(maskShape, dtype))).toThrow(
      /^(maskedSoftmax|softmaxWith|sparsemax|entmax|maskedSigmoid|topKSoftmax|offByOne|sinkSoftmax|where): /,
    );
  });
});
