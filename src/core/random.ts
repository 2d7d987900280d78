// Counter-based random numbers: Threefry-2x32 with 20 rounds. A draw is a pure function of key, stream and position.
// Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3".

import { sizeOf, type TypedArray } from "./dtype.ts";
import { dtypeError, optionError } from "./errors.ts";
import { checkShape, NdArray } from "./ndarray.ts";
import { show } from "./tensor.ts";

/** Which numbers to draw. */
export type RandomKind =
  | { readonly type: "uniform" }
  | { readonly type: "normal" }
  | { readonly type: "bernoulli"; readonly probability: number };

// One key serves three purposes, whose numbers must have nothing in common: the two upper bits of a counter tell them apart.
// (Plain streams, of `drawInto`, have neither.)
const folded = 0x8000_0000 | 0;
const hosted = 0x4000_0000;

const parity = 0x1bd11bda;
const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** One block: two 32-bit words from a key and a counter; written to `out[0]`, `out[1]`. */
export function threefry(key0: number, key1: number, counter0: number, counter1: number, out: Int32Array): void {
  const key2 = parity ^ key0 ^ key1;
  let x0 = (counter0 + key0) | 0;
  let x1 = (counter1 + key1) | 0;
  for (let group = 0; group < 5; group++) {
    const offset = (group & 1) * 4;
    for (let i = 0; i < 4; i++) {
      const r = rotations[offset + i]!;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << r) | (x1 >>> (32 - r))) ^ x0;
    }
    const a = (group + 1) % 3;
    const b = (group + 2) % 3;
    x0 = (x0 + (a === 0 ? key0 : a === 1 ? key1 : key2)) | 0;
    x1 = (x1 + (b === 0 ? key0 : b === 1 ? key1 : key2) + group + 1) | 0;
  }
  out[0] = x0;
  out[1] = x1;
}

/** A key, int32[2], from a seed: an integer from 0 to 2^53 - 1. */
export function randomKey(seed: number): NdArray {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw optionError("randomKey", "the seed must be an integer from 0 to 2^53 - 1", String(seed));
  return new NdArray("int32", [2], Int32Array.of(seed | 0, Math.floor(seed / 2 ** 32) | 0));
}

/**
 * Another key, a function of `key` and a number (a step, a worker, a layer): an integer from 0 to 2^53 - 1.
 *
 * Its numbers have nothing to do with those that the key itself draws.
 */
export function foldIn(key: NdArray, number: number): NdArray {
  if (!(key instanceof NdArray) || key.dtype !== "int32" || key.size !== 2)
    throw dtypeError(
      "foldIn",
      "the key must be int32[2], as randomKey gives",
      key instanceof NdArray ? show(key) : typeof key,
    );
  if (!Number.isSafeInteger(number) || number < 0)
    throw optionError("foldIn", "the number must be an integer from 0 to 2^53 - 1", String(number));
  const [key0, key1] = key.data as Int32Array;
  const out = new Int32Array(2);
  threefry(key0!, key1!, number | 0, folded | Math.floor(number / 2 ** 32), out);
  return new NdArray("int32", [2], out);
}

/**
 * Draws into `out`, which holds float32 for uniform and normal, bytes for bernoulli.
 *
 * @param stream - which of the independent streams of the key.
 */
export function drawInto(out: TypedArray, key: Int32Array, stream: number, kind: RandomKind): void {
  const [key0, key1] = key as unknown as [number, number];
  const words = new Int32Array(2);
  if (kind.type === "bernoulli") {
    // Sixteen bits decide one element, so a block gives four: probability is rounded to 1/65536.
    const limit = Math.round(kind.probability * 65536);
    for (let i = 0, block = 0; i < out.length; i += 4, block++) {
      threefry(key0, key1, block, stream, words);
      const a = words[0]!;
      const b = words[1]!;
      out[i] = Number((a & 0xffff) < limit);
      if (i + 1 < out.length) out[i + 1] = Number(a >>> 16 < limit);
      if (i + 2 < out.length) out[i + 2] = Number((b & 0xffff) < limit);
      if (i + 3 < out.length) out[i + 3] = Number(b >>> 16 < limit);
    }
    return;
  }
  // 23 bits and a half step: strictly inside (0, 1), so that log(u) and log(-log(u)) are finite in float32.
  const unit = (word: number): number => ((word >>> 9) + 0.5) * 2 ** -23;
  for (let i = 0, block = 0; i < out.length; i += 2, block++) {
    threefry(key0, key1, block, stream, words);
    const u = unit(words[0]!);
    const v = unit(words[1]!);
    if (kind.type === "uniform") {
      out[i] = u;
      if (i + 1 < out.length) out[i + 1] = v;
    } else {
      // Box and Muller 1958: two uniforms give two independent normals.
      const radius = Math.sqrt(-2 * Math.log(u));
      out[i] = radius * Math.cos(2 * Math.PI * v);
      if (i + 1 < out.length) out[i + 1] = radius * Math.sin(2 * Math.PI * v);
    }
  }
}

/** A source of initial parameters on the host: each call draws the next stream of one key. */
export interface Rng {
  /** float32 of `shape`, uniform in (-limit, limit). */
  uniform(shape: readonly number[], limit: number): NdArray;
  /** float32 of `shape`, normal with mean 0 and standard deviation `deviation`. */
  normal(shape: readonly number[], deviation: number): NdArray;
  /** An independent integer in 0..count-1, of a count from 1 to 2^23. */
  integer(count: number): number;
}

/** The largest seed of a training: beyond it, an order that counts epochs in would leave the whole numbers that are exact. */
export const largestSeed: number = 2 ** 31 - 1;

/** An `Rng` from a seed. */
export function rng(seed: number): Rng {
  const key = randomKey(seed).data as Int32Array;
  let stream = 0;
  const draw = (shape: readonly number[], kind: RandomKind, scale = 1): Float32Array => {
    checkShape("rng", shape);
    if (!Number.isFinite(scale) || scale < 0)
      throw optionError("rng", "a limit or deviation must be a number >= 0", String(scale));
    const out = new Float32Array(sizeOf(shape));
    drawInto(out, key, hosted | stream++, kind);
    return out;
  };
  return {
    uniform: (shape, limit) =>
      new NdArray(
        "float32",
        shape,
        draw(shape, { type: "uniform" }, limit).map((u) => (2 * u - 1) * limit),
      ),
    normal: (shape, deviation) =>
      new NdArray(
        "float32",
        shape,
        draw(shape, { type: "normal" }, deviation).map((z) => z * deviation),
      ),
    integer: (count) => {
      if (!Number.isInteger(count) || count < 1 || count > 2 ** 23)
        throw optionError("rng.integer", "the count must be an integer from 1 to 2^23", String(count));
      return Math.min(count - 1, Math.floor(draw([1], { type: "uniform" })[0]! * count));
    },
  };
}
