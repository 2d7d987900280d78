// What a mask tells of itself: which rule blocked a pair, and what kernels need to know.

import { describe, expect, test } from "vitest";
import { array, type NdArray, type Nested } from "../../core/ndarray.ts";
import { less } from "../../core/ops/compare.ts";
import { input } from "../../core/ops/source.ts";
import { evaluateReference, refArray } from "../../core/reference.ts";
import type { DType } from "../../core/dtype.ts";
import { fromAdditive } from "./additive.ts";
import { and, not, or } from "./algebra.ts";
import { allow } from "./allow.ts";
import { bias } from "./bias.ts";
import { causal } from "./causal.ts";
import { documents } from "./documents.ts";
import { everything, nothing } from "./everything.ts";
import { keyPadding } from "./key-padding.ts";
import { lengths } from "./lengths.ts";
import { maskMod } from "./mask-mod.ts";
import type { Mask, MaskSizes } from "./mask.ts";
import { size } from "./masks.cases.ts";
import { prefix } from "./prefix.ts";
import { fromTorchAttnMask, fromTorchKeyPadding } from "./torch.ts";
import { window } from "./window.ts";
import { from01 } from "./zero-one.ts";

const of = (dtype: DType, source: Nested): NdArray => array(source, { dtype });

describe("structure", () => {
  const sizes = size(2, 1, 3, 5);
  const now = (mask: Mask, at: MaskSizes = sizes): unknown => {
    const { lengths: ends, ...rest } = mask.structure(at);
    return { ...rest, lengths: ends && [...evaluateReference([ends], new Map())[0]!.data] };
  };

  test("causal, lengths and their conjunctions are exact; the rest says what it can", () => {
    const ends = lengths(of("int32", [4, 2]));
    const end = causal({ align: "end" });
    expect(now(everything)).toEqual({ causal: null, lengths: null, exact: true });
    expect(now(end)).toEqual({ causal: 2, lengths: null, exact: true });
    expect(now(ends)).toEqual({ causal: null, lengths: [4, 2], exact: true });
    expect(now(and(end, ends))).toEqual({ causal: 2, lengths: [4, 2], exact: true });
    expect(now(and(end, causal({ align: "start" }), ends, lengths(of("int32", [3, 3]))))).toEqual({
      causal: 0,
      lengths: [3, 2],
      exact: true,
    });
    expect(now(window({ left: Infinity, right: 1, align: "start" }))).toEqual({
      causal: 1,
      lengths: null,
      exact: true,
    });
    expect(now(window({ left: 2, right: 0, align: "end" }))).toEqual({ causal: 2, lengths: null, exact: false });
    expect(now(and(end, bias(of("float32", [0]))))).toEqual({ causal: 2, lengths: null, exact: false });
    expect(now(not(end))).toEqual({ causal: null, lengths: null, exact: false });
    expect(now(or(end, ends))).toEqual({ causal: null, lengths: null, exact: false });
  });

  test("lengths that are known only when it runs are cut to the keys that there are", () => {
    const x = input([3], "int32");
    const ends = lengths(x).structure(size(3, 1, 3, 5)).lengths!;
    const feeds = new Map([[x, refArray([3], (i) => [-2, 4, 9][i]!)]]);
    expect([...evaluateReference([ends], feeds)[0]!.data]).toEqual([0, 4, 5]);
  });

  test("a mask that blocks a key for every query says so", () => {
    const keysOf = (mask: Mask): unknown => {
      const keys = mask.keys(sizes);
      return keys && [...evaluateReference([keys], new Map())[0]!.data].join("");
    };
    expect(keysOf(causal({ align: "start" }))).toBe("1110011100");
    expect(keysOf(causal({ align: "end" }))).toBe(null);
    expect(keysOf(lengths(of("int32", [4, 0])))).toBe("1111000000");
    expect(keysOf(and(causal({ align: "start" }), lengths(of("int32", [5, 1]))))).toBe("1110010000");
    expect(keysOf(or(nothing, lengths(of("int32", [4, 0]))))).toBe("1111000000");
    expect(keysOf(or(everything, nothing))).toBe(null);
    expect(keysOf(allow(of("bool", [[[[true, false, true, false, true]]]])))).toBe("1010110101");
  });
});

describe("explain", () => {
  const sizes = size(2, 1, 3, 5);

  test("says which rule blocked a pair, with the numbers", () => {
    const mask = and(
      causal({ align: "end" }),
      lengths(of("int32", [5, 2])),
      not(window({ left: 0, right: 0, align: "end" })),
    );
    expect(mask.name).toBe("and(causal(align: end), lengths, not(window(left: 0, right: 0, align: end)))");
    expect(mask.explain(0, 3, { batch: 1, sizes })).toEqual({
      allowed: false,
      rules: [
        { rule: "causal(align: end)", allowed: false, why: "key 3 is after key 2, the last that query 0 may see" },
        { rule: "lengths", allowed: false, why: "key 3 is past the first 2 keys of row 1" },
        {
          rule: "not(window(left: 0, right: 0, align: end))",
          allowed: true,
          why: "key 3 is outside 2 to 2, the window of query 0",
        },
      ],
    });
  });

  test("needs no sizes where the rule needs none", () => {
    expect(causal().explain(2, 2).allowed).toBe(true);
    expect(causal().explain(2, 3).rules[0]!.why).toBe("key 3 is after key 2, the last that query 2 may see");
    expect(lengths(of("int32", [5, 2])).explain(9, 4, { batch: 1 }).allowed).toBe(false);
    expect(() => causal({ align: "end" }).explain(0, 0)).toThrow(
      "causal.explain: sizes must be given for a mask that is aligned at the end. Use explain(query, key, { sizes }).",
    );
    expect(() => fromTorchAttnMask(of("bool", [[[true]]])).explain(0, 0)).toThrow(
      "fromTorchAttnMask.explain: sizes must be given for a mask with batch and heads in one axis",
    );
  });

  test("every rule has its sentence", () => {
    const why = (mask: Mask, query: number, key: number, at?: MaskSizes): string =>
      mask.explain(query, key, at ? { sizes: at } : {}).rules[0]!.why;
    expect(why(everything, 0, 0)).toBe("every pair is allowed");
    expect(why(nothing, 0, 0)).toBe("no pair is allowed");
    expect(why(causal({ align: "end" }), 0, 0, size(1, 1, 3, 2))).toBe("query 0 comes before all keys");
    expect(why(window({ left: Infinity, right: 1 }), 1, 3)).toBe("key 3 is outside first to 2, the window of query 1");
    expect(why(window({ left: 1, right: Infinity }), 1, 3)).toBe("key 3 is inside 0 to last, the window of query 1");
    expect(why(documents(of("int32", [[4, 9]])), 0, 1)).toBe("query 0 is of document 4, key 1 of document 9");
    expect(why(prefix({ length: 2 }), 0, 1)).toBe(
      "key 1 is among the first 2 keys of every row; key 1 is after key 0, the last that query 0 may see",
    );
    expect(why(bias(of("float32", [0.5])), 0, 0)).toBe("0.5 is added at batch 0, head 0, query 0, key 0");
    expect(why(fromAdditive(of("float32", [-1e9])), 0, 0)).toBe(
      "-1000000000 is at or below -9984, which blocks, at batch 0, head 0, query 0, key 0",
    );
    expect(why(fromTorchKeyPadding(of("bool", [[true]])), 0, 0)).toBe(
      "the mask is true (true = block) at batch 0, head 0, query 0, key 0",
    );
    expect(why(from01(of("int32", [[0]])), 0, 0)).toBe("the mask is 0 (1 = attend) at batch 0, head 0, query 0, key 0");
    expect(
      why(
        maskMod(({ query, key }) => less(key, query), { name: "strictly before" }),
        1,
        1,
      ),
    ).toBe("strictly before is false at batch 0, head 0, query 1, key 1");
  });

  test("values that come when the graph runs make it depend, unless another rule decides", () => {
    const later = lengths(input([2], "int32"));
    expect(later.explain(0, 0).allowed).toBe("depends");
    expect(and(later, causal()).explain(0, 1).allowed).toBe(false);
    expect(and(later, causal()).explain(1, 1).allowed).toBe("depends");
    expect(or(later, causal()).explain(1, 1).allowed).toBe(true);
    expect(or(later, causal()).explain(0, 1).allowed).toBe("depends");
    expect(not(later).explain(0, 0)).toMatchObject({ allowed: "depends", rules: [{ rule: "not(lengths)" }] });
    expect(documents(input([1, 2], "int32")).explain(0, 1).allowed).toBe("depends");
    expect(allow(input([2, 2], "bool")).explain(0, 1).allowed).toBe("depends");
    expect(bias(input([2, 2])).explain(0, 1).allowed).toBe(true);
    const gate = input([], "bool");
    const traced = maskMod(() => gate);
    expect(traced.explain(0, 0).allowed).toBe("depends");
  });

  test("positions outside are refused", () => {
    expect(() => causal().explain(-1, 0)).toThrow("causal.explain: query must be an integer >= 0, got -1");
    expect(() => causal().explain(0, 3, { sizes: size(1, 1, 3, 3) })).toThrow(
      "key must be an integer from 0 to 2, got 3",
    );
    expect(() => causal().explain(0, 0, { batch: 1, sizes: size(1, 1, 3, 3) })).toThrow(
      "batch must be an integer from",
    );
    expect(() => causal().explain(0, 0, { sizes: size(1, 1, 0, 0) })).toThrow("an axis that is empty");
    expect(() => causal().explain(0, 0, { row: 1 } as never)).toThrow("options must be among batch, head, sizes");
    expect(() => allow(of("bool", [[true]])).explain(0, 0, { sizes: size(1, 1, 2, 3) })).not.toThrow();
    expect(() => keyPadding(of("bool", [[true, true]])).explain(0, 2)).toThrow(
      "keyPadding.explain: key must be below 2, the size of its axis in bool[1, 2], got 2",
    );
  });
});
