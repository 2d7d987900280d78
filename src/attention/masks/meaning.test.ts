// What masks mean: the traps of polarity, fills, alignment and windows, a test each.

import { describe, expect, test } from "vitest";
import { array, type NdArray, type Nested } from "../../core/ndarray.ts";
import { less } from "../../core/ops/compare.ts";
import { constant, input } from "../../core/ops/source.ts";
import { evaluateReference, refArray } from "../../core/reference.ts";
import type { DType } from "../../core/dtype.ts";
import { maskedSoftmax } from "../normalizers/softmax.ts";
import { add } from "../../core/ops/binary.ts";
import { fromAdditive } from "./additive.ts";
import { and, not } from "./algebra.ts";
import { allow } from "./allow.ts";
import { bias } from "./bias.ts";
import { causal } from "./causal.ts";
import { coordinates } from "./coordinates.ts";
import { everything } from "./everything.ts";
import { keyPadding } from "./key-padding.ts";
import { maskMod } from "./mask-mod.ts";
import { maskTensor } from "./mask-tensor.ts";
import type { Mask } from "./mask.ts";
import { materialise, size } from "./masks.cases.ts";
import { prefix } from "./prefix.ts";
import { fromSdpa, fromTorchAttnMask, fromTorchKeyPadding } from "./torch.ts";
import { window } from "./window.ts";
import { from01, fromKeras } from "./zero-one.ts";

const of = (dtype: DType, source: Nested): NdArray => array(source, { dtype });
const lowest = -3.4028234663852886e38;

/** Rows of a mask with one row and one head, 1 = allowed, as `"110 011"`. */
function picture(mask: Mask, queryLength: number, keyLength: number): string {
  const { allowed } = materialise(mask, size(1, 1, queryLength, keyLength));
  const rows = Array.from({ length: queryLength }, (_, q) =>
    allowed.slice(q * keyLength, (q + 1) * keyLength).join(""),
  );
  return rows.join(" ");
}

describe("polarity", () => {
  const bits = [[true, false, false]];

  test("PyTorch's modules block where true, its SDPA attends where true: the same bits mean the opposite", () => {
    expect(picture(fromTorchKeyPadding(of("bool", bits)), 1, 3)).toBe("011");
    expect(picture(fromTorchAttnMask(of("bool", bits)), 1, 3)).toBe("011");
    expect(picture(fromSdpa(of("bool", bits)), 1, 3)).toBe("100");
    expect(picture(not(fromSdpa(of("bool", bits))), 1, 3)).toBe("011");
  });

  test("Keras, Hugging Face, keyPadding and allow attend where true or 1", () => {
    expect(picture(fromKeras(of("bool", bits)), 1, 3)).toBe("100");
    expect(picture(fromKeras(of("int32", [[1, 0, 0]])), 1, 3)).toBe("100");
    expect(picture(from01(of("int32", [[1, 0, 0]])), 1, 3)).toBe("100");
    expect(picture(from01(of("uint8", [[1, 0, 0]])), 1, 3)).toBe("100");
    expect(picture(keyPadding(of("bool", bits)), 1, 3)).toBe("100");
    expect(picture(allow(of("bool", bits)), 1, 3)).toBe("100");
  });

  test("a float mask of zeros and ones, which PyTorch would add as +0 and +1, is refused where it could be meant", () => {
    const zeroOne = of("float32", [[1, 0]]);
    for (const [make, name] of [
      [allow, "allow"],
      [keyPadding, "keyPadding"],
      [fromTorchKeyPadding, "fromTorchKeyPadding"],
      [fromKeras, "fromKeras"],
      [from01, "from01"],
    ] as const) {
      expect(() => make(zeroOne)).toThrow(`${name}: x must be`);
      expect(() => make(zeroOne)).toThrow("got float32[1, 2]");
      expect(() => make(zeroOne)).toThrow(/PyTorch adds.*to the scores.*zeros and ones.*block nothing.*fromAdditive/);
    }
    // Where floats are added, they are added: this is PyTorch's own reading.
    expect(materialise(fromSdpa(zeroOne), size(1, 1, 1, 2))).toEqual({ allowed: [1, 1], bias: [1, 0] });
  });

  test("integers do not say which of them blocks: PyTorch's importers refuse them", () => {
    const message = "Zeros and ones do not say which of them blocks: convert to bool where 1 = block, or use from01";
    expect(() => fromTorchAttnMask(of("int32", [[1, 0]]))).toThrow(message);
    expect(() => fromTorchKeyPadding(of("uint8", [[1, 0]]))).toThrow(message);
    expect(() => fromSdpa(of("int32", [[1, 0]]))).toThrow("Use from01 where 1 = attend.");
    expect(() => allow(of("int32", [[1, 0]]))).toThrow("Zeros and ones, 1 = attend, are read by from01.");
    expect(() => from01(of("bool", [[true]]))).toThrow("A bool mask is keyPadding (B, S) or allow.");
  });

  test("a mask of three axes: PyTorch's is batch times heads, Keras's has the batch, allow refuses to guess", () => {
    const x = of("bool", [[[true, false]], [[false, true]]]); // (2, 1, 2)
    const heads = materialise(fromTorchAttnMask(x), size(1, 2, 1, 2)).allowed;
    expect(heads).toEqual([0, 1, 1, 0]);
    expect(materialise(fromKeras(x), size(2, 2, 1, 2)).allowed).toEqual([1, 0, 1, 0, 0, 1, 0, 1]);
    expect(() => allow(x)).toThrow(
      "allow: x must be bool (B, H, T, S), axes of 1 stretched, or (T, S), (S) or (), got bool[2, 1, 2]. " +
        "Three axes may be (B, T, S) or (H, T, S): reshape to (B, 1, T, S) or (1, H, T, S).",
    );
  });

  test("a mask of two axes: (T, S) for allow, (B, S) for padding and Keras", () => {
    const x = of("bool", [
      [true, false],
      [true, true],
    ]);
    expect(materialise(allow(x), size(2, 1, 2, 2)).allowed).toEqual([1, 0, 1, 1, 1, 0, 1, 1]);
    expect(materialise(keyPadding(x), size(2, 1, 2, 2)).allowed).toEqual([1, 0, 1, 0, 1, 1, 1, 1]);
    expect(materialise(fromKeras(x), size(2, 1, 2, 2)).allowed).toEqual([1, 0, 1, 0, 1, 1, 1, 1]);
  });
});

describe("fill value", () => {
  const fills = [-Infinity, lowest, -1e9, -65504, -3e4, -1e4, -9984];

  test("every fill in use blocks, as a tensor too, and leaves no trace in the bias", () => {
    const values = [...fills, -9983, -5000, 0, 3];
    const x = of("float32", [values]);
    const want = { allowed: [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1], bias: [0, 0, 0, 0, 0, 0, 0, -9983, -5000, 0, 3] };
    const sizes = size(1, 1, 1, values.length);
    expect(materialise(fromAdditive(x), sizes)).toEqual(want);
    const later = input([1, values.length]);
    const feeds = new Map([[later, refArray([1, values.length], (i) => values[i]!)]]);
    expect(materialise(fromAdditive(later), sizes, undefined, undefined, feeds)).toEqual(want);
  });

  test("two masks of the lowest float32 do not overflow, and a row that is all fill is empty, not uniform", () => {
    const x = of("float32", [[lowest, lowest]]);
    const { allowed, bias: added } = maskTensor(and(fromAdditive(x), fromSdpa(x)), size(1, 1, 1, 2));
    const weights = maskedSoftmax(add(constant([[[[1, 2]]]]), added!), allowed);
    expect([...evaluateReference([weights], new Map())[0]!.data]).toEqual([0, 0]);
  });

  test("a mild fill cannot leak through large scores", () => {
    const { allowed, bias: added } = maskTensor(fromAdditive(of("float32", [[-1e4, 0]])), size(1, 1, 1, 2));
    const weights = maskedSoftmax(add(constant([[[[30000, 0]]]]), added!), allowed);
    expect([...evaluateReference([weights], new Map())[0]!.data]).toEqual([0, 1]);
  });

  test("NaN is not blocked: it is passed on", () => {
    const got = materialise(fromAdditive(of("float32", [[NaN, 0]])), size(1, 1, 1, 2));
    expect(got).toEqual({ allowed: [1, 1], bias: [NaN, 0] });
    expect(fromAdditive(of("float32", [[NaN, 0]])).explain(0, 0).allowed).toBe(true);
  });

  test("bias refuses -Infinity, which would make NaN of a row without anything else", () => {
    expect(() => bias(of("float32", [[0, -Infinity]]))).toThrow(
      "bias: no value may be -Infinity, got -Infinity at element 1 of float32[1, 2]. Use fromAdditive.",
    );
  });
});

describe("causal alignment and causal beside a mask", () => {
  test("start and end differ when the lengths do, and are one when they do not", () => {
    expect(picture(causal({ align: "start" }), 2, 4)).toBe("1000 1100");
    expect(picture(causal({ align: "end" }), 2, 4)).toBe("1110 1111");
    expect(picture(causal({ align: "start" }), 3, 2)).toBe("10 11 11");
    expect(picture(causal({ align: "end" }), 3, 2)).toBe("00 10 11");
    for (const mask of [causal(), causal({ align: "start" }), causal({ align: "end" })])
      expect(picture(mask, 3, 3)).toBe("100 110 111");
  });

  test("align must be said when the lengths differ", () => {
    const message =
      "align must be said when query and key lengths differ, got 3 queries (query axis T) and 5 keys (keys axis S), scores " +
      'float32[2, 4, 3, 5] as (B H T S). Use align: "start" when query 0 stands at key 0 (PyTorch\'s is_causal, Keras, JAX), ' +
      'align: "end" when the last query stands at the last key (FlashAttention, decoding from a cache).';
    const sizes = size(2, 4, 3, 5);
    for (const [name, mask] of [
      ["causal", causal()],
      ["causal", and(everything, causal())],
      ["causal", not(causal())],
      ["window", window({ left: 1, right: 0 })],
      ["prefix", prefix({ length: 2 })],
    ] as const) {
      expect(() => mask.check(sizes)).toThrow(`${name}: ${message}`);
      expect(() => maskTensor(mask, sizes)).toThrow(`${name}: ${message}`);
    }
    expect(() => window({ left: Infinity, right: Infinity }).check(sizes)).not.toThrow();
  });

  test("causal and a mask combine, with a single query too: neither is dropped", () => {
    const padding = fromSdpa(of("bool", [false, true, true, true]));
    expect(picture(and(causal({ align: "end" }), padding), 2, 4)).toBe("0110 0111");
    expect(picture(and(causal({ align: "end" }), padding), 1, 4)).toBe("0111");
    expect(picture(and(causal({ align: "start" }), padding), 1, 4)).toBe("0000");
  });

  test("a query decoded from a cache sees what it saw in the whole", () => {
    const sizes = size(1, 1, 5, 5);
    const whole = materialise(causal(), sizes).allowed;
    for (let query = 0; query < 5; query++) {
      const at = coordinates(sizes, { queryStart: query, queryCount: 1 });
      const row = whole.slice(query * 5, query * 5 + 5);
      expect(materialise(causal(), sizes, at, [1, 1, 1, 5]).allowed).toEqual(row);
      const cached = materialise(causal({ align: "end" }), size(1, 1, 1, query + 1)).allowed;
      expect(cached).toEqual(row.slice(0, query + 1));
    }
  });
});

describe("window size", () => {
  test("both ends are included, as in FlashAttention and JAX", () => {
    expect(picture(window({ left: 1, right: 1 }), 4, 4)).toBe("1100 1110 0111 0011");
    expect(picture(window({ left: 0, right: 0 }), 3, 3)).toBe("100 010 001");
    expect(picture(window({ left: 1, right: 0, align: "end" }), 2, 4)).toBe("0110 0011");
    expect(picture(window({ left: 1, right: 0, align: "start" }), 2, 4)).toBe("1000 1100");
  });

  test("Keras's sliding_window w is abs(query - key) < w, cuDNN's length w counts the query's own key", () => {
    const w = 2;
    const keras = maskMod(({ query, key }) => less(add(key, 0), add(query, w)));
    const both = and(
      keras,
      maskMod(({ query, key }) => less(query, add(key, w))),
    );
    expect(picture(window({ left: w - 1, right: w - 1 }), 5, 5)).toBe(picture(both, 5, 5));
    const seen = picture(window({ left: w - 1, right: 0 }), 5, 5).split(" ");
    expect(seen.map((row) => row.replaceAll("0", "").length)).toEqual([1, 2, 2, 2, 2]);
  });

  test("unbounded is Infinity; -1 and fractions are refused", () => {
    expect(picture(window({ left: Infinity, right: 0 }), 3, 3)).toBe(picture(causal(), 3, 3));
    expect(() => window({ left: -1, right: 0 })).toThrow(
      "window: left must be an integer >= 0, or Infinity, got -1. -1 is FlashAttention's and ONNX's word for unbounded: use Infinity.",
    );
    expect(() => window({ left: 1, right: 0.5 })).toThrow(
      "window: right must be an integer >= 0, or Infinity, got 0.5",
    );
    expect(() => window({ left: NaN, right: 0 })).toThrow("left must be an integer >= 0, or Infinity, got NaN");
    expect(() => window({ left: 1 } as never)).toThrow("right must be an integer >= 0, or Infinity, got undefined");
  });
});
