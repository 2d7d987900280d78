import { describe, expect, test } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.ts";

const allBits = Uint16Array.from({ length: 65536 }, (_, i) => i);
const floatOf = new Float32Array(1);
const wordOf = new Uint32Array(floatOf.buffer);
const fromWord = (word: number): number => ((wordOf[0] = word), floatOf[0]!);
const toWord = (value: number): number => ((floatOf[0] = value), wordOf[0]!);
const half = (value: number): number => float32ToFloat16(Float32Array.of(value))[0]!;
const brain = (value: number): number => float32ToBfloat16(Float32Array.of(value))[0]!;

/** The value of float16 bits by the definition of IEEE 754. */
function definition(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15));
}

/** The first element that differs, else -1; a matcher would take seconds. */
function firstDifference(got: Uint16Array, want: Uint16Array): number {
  return got.length === want.length ? want.findIndex((bits, i) => bits !== got[i]) : Math.min(got.length, want.length);
}

/**
 * The middle of each pair of neighbours in `values` and the float32 on either side, with the index each must round to:
 * the nearer, in the middle the even one.
 */
function aroundMiddles(values: Float32Array): { inputs: Float32Array; wanted: Uint16Array } {
  const inputs: number[] = [];
  const wanted: number[] = [];
  for (let low = 0; low + 1 < values.length; low++) {
    const middle = toWord((values[low]! + values[low + 1]!) / 2);
    inputs.push(fromWord(middle - 1), fromWord(middle), fromWord(middle + 1));
    wanted.push(low, low % 2 === 0 ? low : low + 1, low + 1);
  }
  return { inputs: Float32Array.from(inputs), wanted: Uint16Array.from(wanted) };
}

describe("float16", () => {
  test("all 65,536 bit patterns have the value of the definition", () => {
    const got = float16ToFloat32(allBits);
    const wrong = [...allBits].filter((bits, i) => !Object.is(got[i], definition(bits)));
    expect(wrong).toEqual([]);
  });

  test("all finite and infinite values survive a round trip", () => {
    const kept = allBits.filter((bits) => (bits & 0x7fff) <= 0x7c00);
    expect(firstDifference(float32ToFloat16(float16ToFloat32(kept)), kept)).toBe(-1);
  });

  test("rounds to the nearest, ties to even, for every pair of neighbours", () => {
    const { inputs, wanted } = aroundMiddles(float16ToFloat32(allBits.subarray(0, 0x7c00)));
    expect(firstDifference(float32ToFloat16(inputs), wanted)).toBe(-1);
    const negative = float32ToFloat16(inputs.map((value) => -value));
    expect(firstDifference(negative, wanted.map((bits) => bits | 0x8000))).toBe(-1); // prettier-ignore
  });

  test.each([
    [65504, 0x7bff],
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [1e30, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * (1 + 2 ** -23), 0x0001],
    [-(2 ** -149), 0x8000],
    [-0, 0x8000],
    [0.1, 0x2e66],
    [1 / 3, 0x3555],
  ])("%f is 0x%x", (value, bits) => expect(half(value)).toBe(bits));

  test("NaN stays NaN", () => {
    expect(half(NaN) & 0x7fff).toBeGreaterThan(0x7c00);
    expect(half(fromWord(0x7f800001)) & 0x7fff).toBeGreaterThan(0x7c00); // payload below the kept bits
  });

  test("reads a part of a larger buffer", () => {
    expect(float32ToFloat16(new Float32Array([1, 2, 3]).subarray(1))).toEqual(Uint16Array.of(0x4000, 0x4200));
    expect(float16ToFloat32(Uint16Array.of(0x3c00, 0x4000).subarray(1))).toEqual(Float32Array.of(2));
    expect(float16ToFloat32(new Uint16Array(0))).toEqual(new Float32Array(0));
  });
});

describe("bfloat16", () => {
  test("is the upper half of float32", () => {
    const got = new Uint32Array(bfloat16ToFloat32(allBits).buffer);
    expect([...allBits].filter((bits) => got[bits] !== bits * 65536)).toEqual([]);
  });

  test("rounds to the nearest, ties to even, for every pair of neighbours", () => {
    const { inputs, wanted } = aroundMiddles(bfloat16ToFloat32(allBits.subarray(0, 0x7f80)));
    expect(firstDifference(float32ToBfloat16(inputs), wanted)).toBe(-1);
    const negative = float32ToBfloat16(inputs.map((value) => -value));
    expect(firstDifference(negative, wanted.map((bits) => bits | 0x8000))).toBe(-1); // prettier-ignore
  });

  test.each([
    [1, 0x3f80],
    [-0, 0x8000],
    [Infinity, 0x7f80],
    [3.4028234663852886e38, 0x7f80],
    [3.3895313892515355e38, 0x7f7f],
    [0.1, 0x3dcd],
  ])("%f is 0x%x", (value, bits) => expect(brain(value)).toBe(bits));

  test("NaN stays NaN, whatever its payload", () => {
    for (const word of [0x7fc00000, 0x7f800001, 0x7fffffff, 0xffffffff])
      expect(brain(fromWord(word)) & 0x7fff).toBeGreaterThan(0x7f80);
  });
});
