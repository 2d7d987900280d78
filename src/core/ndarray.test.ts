import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byteSize, type DType, type TypedArray } from "./dtype.ts";
import { array, checkShape, NdArray, zeros, type DeviceStorage, type Nested } from "./ndarray.ts";

describe("array", () => {
  test("from a number, nested lists and booleans", async () => {
    for (const [nested, shape, dtype] of [
      [5, [], "float32"],
      [[1, 2, 3], [3], "float32"],
      [[[1], [2]], [2, 1], "float32"],
      [[], [0], "float32"],
      [[[], []], [2, 0], "float32"],
      [[true, false], [2], "bool"],
      [true, [], "bool"],
    ] as readonly (readonly [Nested, readonly number[], DType])[]) {
      const a = array(nested);
      expect([a.shape, a.dtype]).toEqual([shape, dtype]);
      expect(await a.toNested()).toEqual(nested);
    }
  });

  test("of a given dtype", async () => {
    expect(await array([1, -2], { dtype: "int32" }).toNested()).toEqual([1, -2]);
    expect(array([1, -2], { dtype: "int64" }).data).toEqual(BigInt64Array.of(1n, -2n));
    expect(await array([0, 1], { dtype: "bool" }).toNested()).toEqual([false, true]);
    expect(array([true], { dtype: "float32" }).data).toEqual(Float32Array.of(1));
  });

  test("from a typed array, which it shares", () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const a = array(data, { shape: [2, 2] });
    data[0] = 9;
    expect([a.data[0], a.shape, a.device]).toEqual([9, [2, 2], "host"]);
    expect(array(Int32Array.of(1)).dtype).toBe("int32");
    expect(array(Uint8Array.of(1)).dtype).toBe("uint8");
    expect(array(Uint8Array.of(1), { dtype: "bool" }).dtype).toBe("bool");
    expect(array(Float64Array.of(1)).dtype).toBe("float64");
    expect(array(BigInt64Array.of(1n)).dtype).toBe("int64");
    expect(array(Uint16Array.of(1), { dtype: "float16" }).dtype).toBe("float16");
  });

  test("round trips through nested lists, for any shape", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), async (shape) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const a = new NdArray(
          "float32",
          shape,
          Float32Array.from({ length: size }, (_, i) => i),
        );
        const nested = await a.toNested();
        const b = array(nested);
        expect(Array.from(b.data as Float32Array)).toEqual(Array.from(a.data as Float32Array));
        // Beyond an empty axis nothing says how the rest looked.
        const known = shape.includes(0) ? shape.slice(0, shape.indexOf(0) + 1) : shape;
        expect(b.shape).toEqual(known);
      }),
    );
  });

  test.each([
    [
      [[1, 2], [3]],
      "array: nested arrays must be rectangular, [2, 2] from the first elements, got 1 elements at depth 1",
    ],
    [[[1], 2], "array: nested arrays must be rectangular, [2, 1] from the first elements, got a number at depth 1"],
    [[1, [2]], "array: nested arrays must be rectangular, [2] from the first elements, got 1 elements at depth 1"],
  ] as readonly (readonly [Nested, string])[])("refuses ragged lists: %j", (nested, message) => {
    expect(() => array(nested)).toThrow(message);
  });

  test("refuses bits without a dtype, a shape that does not fit, another typed array", () => {
    expect(() => array(Uint16Array.of(1))).toThrow(
      "array: a Uint16Array needs its dtype, float16 or bfloat16, got none",
    );
    expect(() => array(Float32Array.of(1, 2), { shape: [3] })).toThrow("NdArray: shape [3] needs 3 elements, got 2");
    expect(() => array([1, 2], { shape: [2, 2] })).toThrow("NdArray: shape [2, 2] needs 4 elements, got 2");
    expect(() => new NdArray("float32", [1], Int32Array.of(1))).toThrow(
      "NdArray: float32 must be held by its own typed array, got Int32Array",
    );
    expect(() => new NdArray("float32", [-1], Float32Array.of())).toThrow(
      "NdArray: every axis must be an integer >= 0, got [-1]",
    );
    expect(() => checkShape("zeros", [2 ** 31, 2 ** 31])).toThrow(
      "zeros: at most 9007199254740991 elements can be counted",
    );
  });
});

describe("elements", () => {
  test.each([
    [[1.5], "int32", "array: every element of dtype int32 must be an integer from -2147483648 to 2147483647, got 1.5"],
    [[NaN], "int32", "must be an integer from -2147483648 to 2147483647, got NaN"],
    [3e9, "int32", "must be an integer from -2147483648 to 2147483647, got 3000000000"],
    [[[300]], "uint8", "array: every element of dtype uint8 must be an integer from 0 to 255, got 300"],
    [[5], "bool", "array: every element of dtype bool must be an integer from 0 to 1, got 5"],
    [
      [1.5],
      "int64",
      "array: every element of dtype int64 must be an integer from -9007199254740991 to 9007199254740991",
    ],
    [
      [1],
      "float16",
      "array: every element of dtype float16 must be given as bits, got 1. Pass a Uint16Array, as float32ToFloat16",
    ],
    [["a"] as never, "float32", "array: elements must be numbers or booleans, got a string"],
    [undefined as never, "float32", "array: elements must be numbers or booleans, got undefined"],
  ] as readonly (readonly [Nested, DType, string])[])("refuses %j as %s", (nested, dtype, message) => {
    expect(() => array(nested, { dtype })).toThrow(message);
  });

  test("float32 rounds, and takes what is not finite", () => {
    expect(array([0.1, NaN, -Infinity]).data).toEqual(Float32Array.of(0.1, NaN, -Infinity));
  });

  test("of the 16-bit floats are decoded", async () => {
    const half = Uint16Array.of(0x3c00, 0xc100, 0x0001, 0x8400, 0x7c00, 0x7e00, 0x8000);
    const decoded = [1, -2.5, 2 ** -24, -(2 ** -14), Infinity, NaN, -0];
    expect(await array(half, { dtype: "float16" }).toNested()).toEqual(decoded);
    expect(await array(Uint16Array.of(0x3f80, 0xc020), { dtype: "bfloat16" }).toNested()).toEqual([1, -2.5]);
  });

  test("unknown options, dtypes and typed arrays are refused", () => {
    expect(() => array([1], { type: "int32" } as never)).toThrow(
      'array: options must be among dtype, shape, got "type"',
    );
    expect(() => zeros([2], "float" as never)).toThrow("zeros: dtype must be among float32, int32");
    expect(() => array([2], { dtype: "float" as never })).toThrow("array: dtype must be among float32, int32");
    expect(() => new NdArray("float" as never, [1], Float32Array.of(1))).toThrow("NdArray: dtype must be among");
    expect(() => array(new Int16Array(3) as never)).toThrow(
      "array: a typed array must be a Float32Array, Int32Array, Uint8Array, Float64Array, BigInt64Array or Uint16Array, got Int16Array",
    );
  });
});

describe("NdArray", () => {
  test("knows its size in elements and bytes, and prints its type", () => {
    for (const dtype of ["float32", "int32", "bool", "uint8", "float16", "bfloat16", "float64", "int64"] as const) {
      const a = zeros([2, 3], dtype);
      expect([a.size, a.byteLength, String(a), a.native]).toEqual([6, 6 * byteSize(dtype), `${dtype}[2, 3]`, null]);
    }
  });

  test("has a shape that nobody changes", () => {
    const shape = [2, 3];
    const a = zeros(shape);
    shape[0] = 9;
    expect(a.shape).toEqual([2, 3]);
    expect(Object.isFrozen(a.shape)).toBe(true);
  });

  test("refuses to give elements once disposed", async () => {
    const a = zeros([2]);
    expect(a.disposed).toBe(false);
    a.dispose();
    a.dispose();
    expect(a.disposed).toBe(true);
    expect(() => a.data).toThrow("NdArray.data: the array must not be disposed, got a disposed float32[2]");
    await expect(a.read()).rejects.toMatchObject({ code: "disposed", where: "NdArray.read" });
  });

  test("is disposed by `using`", () => {
    let kept: NdArray;
    {
      using a = zeros([2]);
      kept = a;
    }
    expect(kept.disposed).toBe(true);
  });

  test("reads from a device, and gives its memory back once", async () => {
    let disposals = 0;
    const storage: DeviceStorage = {
      device: "webgpu",
      native: "the runtime's own",
      read: async (): Promise<TypedArray> => Float32Array.of(1, 2),
      dispose: () => void disposals++,
    };
    const a = new NdArray("float32", [2], storage);
    expect([a.device, a.native]).toEqual(["webgpu", "the runtime's own"]);
    expect(await a.toNested()).toEqual([1, 2]);
    expect(() => a.data).toThrow("NdArray.data: the array must be on the host, got webgpu. Use `await array.read()`.");
    a.dispose();
    a.dispose();
    expect([disposals, a.disposed]).toEqual([1, true]);
  });
});
