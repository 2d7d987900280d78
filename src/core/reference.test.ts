import { describe, expect, test } from "vitest";
import { allocate, byteSize, holds, sizeOf, viewAs } from "./dtype.ts";
import { add } from "./ops/binary.ts";
import { random } from "./ops/random.ts";
import { input } from "./ops/source.ts";
import { tanh } from "./ops/unary.ts";
import { eachLine, evaluateReference, refArray, refBroadcast, stridesOf } from "./reference.ts";

describe("evaluateReference", () => {
  test("asks for the value of every input and every random node", () => {
    const x = input([2]);
    expect(() => evaluateReference([tanh(x)], new Map())).toThrow(
      "evaluateReference: a value is required for input, got float32[2]",
    );
    const key = input([2], "int32");
    const noise = random(key, [3]);
    const feeds = new Map([[key, refArray([2])]]);
    expect(() => evaluateReference([noise], feeds)).toThrow(
      "evaluateReference: a value is required for random, got float32[3]",
    );
    expect(evaluateReference([add(noise, 1)], feeds.set(noise, refArray([3])))[0]!.data).toEqual(
      Float64Array.of(1, 1, 1),
    );
  });

  test("takes values within the graph, and does not look behind them", () => {
    const y = tanh(input([1]));
    expect(evaluateReference([add(y, 1)], new Map([[y, refArray([1], () => 4)]]))[0]!.data).toEqual(Float64Array.of(5));
  });
});

describe("index arithmetic", () => {
  test("strides are row-major", () => {
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
    expect(stridesOf([])).toEqual([]);
  });

  test("broadcasting repeats axes of size 1 and adds leading ones", () => {
    const column = { shape: [2, 1], data: Float64Array.of(1, 2) };
    expect(refBroadcast(column, [2, 2, 3]).data).toEqual(Float64Array.of(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2));
    expect(refBroadcast(column, [2, 0]).data.length).toBe(0);
  });

  test("lines run along one axis", () => {
    const lines: number[][] = [];
    const x = refArray([2, 3], (i) => i);
    eachLine(x, 0, (read, _offset, n) => lines.push(Array.from({ length: n }, (_, i) => read(i))));
    expect(lines).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
  });
});

describe("dtypes", () => {
  test("have their own typed arrays and sizes", () => {
    expect(
      (["float32", "int32", "bool", "uint8", "float16", "bfloat16", "float64", "int64"] as const).map(byteSize),
    ).toEqual([4, 4, 1, 1, 2, 2, 8, 8]);
    expect(allocate("int64", 2)).toEqual(new BigInt64Array(2));
    expect([holds("bool", new Uint8Array(1)), holds("float32", new Float64Array(1)), holds("float32", null)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(viewAs("int32", Int32Array.of(1, 2, 3).buffer, 4, 2)).toEqual(Int32Array.of(2, 3));
  });

  test("a scalar has one element, an empty axis none", () => {
    expect([sizeOf([]), sizeOf([3, 0]), sizeOf([2, 3])]).toEqual([1, 0, 6]);
  });
});
