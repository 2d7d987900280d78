import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NdArray } from "./ndarray.ts";
import { drawInto, foldIn, randomKey, rng, threefry, type RandomKind } from "./random.ts";

const block = (key0: number, key1: number, counter0: number, counter1: number): string => {
  const out = new Int32Array(2);
  threefry(key0 | 0, key1 | 0, counter0 | 0, counter1 | 0, out);
  return Array.from(out, (word) => (word >>> 0).toString(16).padStart(8, "0")).join(" ");
};

const draw = (count: number, stream: number, kind: RandomKind, seed = 1): Float32Array => {
  const out = new Float32Array(count);
  drawInto(out, randomKey(seed).data as Int32Array, stream, kind);
  return out;
};

const mean = (xs: ArrayLike<number>): number => Array.from(xs).reduce((a, b) => a + b, 0) / xs.length;
const moment = (xs: ArrayLike<number>, power: number): number => mean(Array.from(xs, (x) => x ** power));
const correlation = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  const [ma, mb] = [mean(a), mean(b)];
  const product = mean(Array.from(a, (x, i) => (x - ma) * (b[i]! - mb)));
  return product / Math.sqrt(mean(Array.from(a, (x) => (x - ma) ** 2)) * mean(Array.from(b, (x) => (x - mb) ** 2)));
};

describe("threefry", () => {
  // Known answers of Threefry-2x32 with 20 rounds, from the kat_vectors of Random123.
  test.each([
    [0, 0, 0, 0, "6b200159 99ba4efe"],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, "1cb996fc bb002be7"],
    [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3, "c4923a9c 483df7a0"],
  ])("key %d %d, counter %d %d", (key0, key1, counter0, counter1, words) => {
    expect(block(key0, key1, counter0, counter1)).toBe(words);
  });

  test("changes half of the bits when one bit of key or counter changes", () => {
    let changed = 0;
    const bits = (text: string): bigint => BigInt(`0x${text.replace(" ", "")}`);
    const base = bits(block(1, 2, 3, 4));
    for (let bit = 0; bit < 128; bit++) {
      const words = [1, 2, 3, 4].map((word, i) => (bit >> 5 === i ? word ^ (1 << (bit & 31)) : word));
      let difference = base ^ bits(block(...(words as [number, number, number, number])));
      for (; difference > 0n; difference &= difference - 1n) changed++;
    }
    // 128 x 64 fair coins: mean 4096, standard deviation 45.
    expect(Math.abs(changed - 4096)).toBeLessThan(4 * 45);
  });
});

describe("keys", () => {
  test("hold all 53 bits of a seed", () => {
    expect(randomKey(5).data).toEqual(Int32Array.of(5, 0));
    expect(randomKey(2 ** 32 + 7).data).toEqual(Int32Array.of(7, 1));
    expect(randomKey(Number.MAX_SAFE_INTEGER).data).toEqual(Int32Array.of(-1, 2 ** 21 - 1));
    for (const seed of [-1, 0.5, NaN, 2 ** 53])
      expect(() => randomKey(seed)).toThrow(`randomKey: the seed must be an integer from 0 to 2^53 - 1, got ${seed}`);
  });

  test("folded with different numbers differ", () => {
    fc.assert(
      fc.property(fc.nat(), fc.maxSafeNat(), fc.maxSafeNat(), (seed, a, b) => {
        fc.pre(a !== b);
        expect(foldIn(randomKey(seed), a).data).not.toEqual(foldIn(randomKey(seed), b).data);
        expect(foldIn(randomKey(seed), a).data).toEqual(foldIn(randomKey(seed), a).data);
      }),
    );
  });
});

describe("one seed, three uses", () => {
  test("folding, drawing in a graph and drawing on the host have nothing in common", () => {
    const key = randomKey(7);
    const drawn = (from: NdArray): number[] => {
      const out = new Float32Array(4096);
      drawInto(out, from.data as Int32Array, 0, { type: "uniform" });
      return [...out];
    };
    const own = drawn(key);
    const host = (rng(7).uniform([4096], 1).data as Float32Array).map((x) => (x + 1) / 2);
    expect(Math.abs(correlation(own, host))).toBeLessThan(4 / 64);
    expect(new Set([...own, ...host]).size).toBeGreaterThan(8000);
    // A folded key is not a pair of words that the key itself draws.
    const words = new Int32Array(2);
    for (let n = 0; n < 64; n++) {
      threefry(key.data[0] as number, key.data[1] as number, n, 0, words);
      expect(foldIn(key, n).data).not.toEqual(words);
    }
  });

  test("wrong keys, numbers and counts are refused", () => {
    const key = randomKey(1);
    for (const bad of [NaN, 0.7, -1])
      expect(() => foldIn(key, bad)).toThrow(`foldIn: the number must be an integer from 0 to 2^53 - 1, got ${bad}`);
    expect(() => foldIn(rng(1).uniform([2], 1), 1)).toThrow("foldIn: the key must be int32[2], as randomKey gives, got float32[2]"); // prettier-ignore
    expect(() => foldIn(7 as never, 1)).toThrow("got number");
    for (const bad of [0, 2.5, 2 ** 24])
      expect(() => rng(1).integer(bad)).toThrow(`rng.integer: the count must be an integer from 1 to 2^23, got ${bad}`);
  });
});

describe("draws", () => {
  const count = 100_000;

  test("uniform: strictly inside 0..1, flat, with the right moments", () => {
    const xs = draw(count, 0, { type: "uniform" });
    expect(Math.min(...xs.subarray(0, 50_000))).toBeGreaterThan(0);
    expect(Math.max(...xs.subarray(0, 50_000))).toBeLessThan(1);
    expect(Math.abs(mean(xs) - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(moment(xs, 2) - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / count));
    const bins = new Array<number>(64).fill(0);
    for (const x of xs) bins[Math.floor(64 * x)]!++;
    const expected = count / 64;
    const chiSquare = bins.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // 63 degrees of freedom: 0.1 % of fair draws lie above 103.4, 0.1 % below 33.
    expect(chiSquare).toBeGreaterThan(33);
    expect(chiSquare).toBeLessThan(103.4);
  });

  test("uniform: the extreme words give numbers that float32 can hold, whose logarithms are finite", () => {
    for (const word of [0, 0xffffffff]) {
      const u = Math.fround(((word >>> 9) + 0.5) * 2 ** -23);
      expect([u > 0, u < 1, Number.isFinite(Math.log(-Math.log(u)))]).toEqual([true, true, true]);
    }
  });

  test("normal: the first four moments, and tails", () => {
    const zs = draw(count, 1, { type: "normal" });
    expect(Math.abs(mean(zs))).toBeLessThan(4 / Math.sqrt(count));
    expect(Math.abs(moment(zs, 2) - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
    expect(Math.abs(moment(zs, 3))).toBeLessThan(4 * Math.sqrt(15 / count));
    expect(Math.abs(moment(zs, 4) - 3)).toBeLessThan(4 * Math.sqrt(96 / count));
    const beyond = Array.from(zs).filter((z) => Math.abs(z) > 1.959964).length / count;
    expect(Math.abs(beyond - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / count));
  });

  test.each([0, 0.1, 0.5, 0.9, 1])("bernoulli: true with probability %d", (probability) => {
    const bits = new Uint8Array(count);
    drawInto(bits, randomKey(3).data as Int32Array, 0, { type: "bernoulli", probability });
    expect(bits.every((b) => b === 0 || b === 1)).toBe(true);
    // The probability is rounded to 1/65536.
    expect(Math.abs(mean(bits) - probability)).toBeLessThanOrEqual(
      4 * Math.sqrt((probability * (1 - probability)) / count) + 2 ** -17,
    );
  });

  test("neighbours, streams and keys are independent", () => {
    const a = draw(count, 0, { type: "uniform" });
    const limit = 4 / Math.sqrt(count);
    expect(Math.abs(correlation(a.subarray(0, -1), a.subarray(1)))).toBeLessThan(limit);
    expect(Math.abs(correlation(a.subarray(0, -2), a.subarray(2)))).toBeLessThan(limit);
    for (const other of [draw(count, 1, { type: "uniform" }), draw(count, 0, { type: "uniform" }, 2)])
      expect(Math.abs(correlation(a, other))).toBeLessThan(limit);
  });

  test("are a function of key, stream and position: a longer draw begins with a shorter one", () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.nat(100),
        fc.constantFrom<RandomKind>({ type: "uniform" }, { type: "normal" }, { type: "bernoulli", probability: 0.4 }),
        (n, more, kind) => {
          expect(draw(n + more, 5, kind).subarray(0, n)).toEqual(draw(n, 5, kind));
        },
      ),
    );
  });

  test("keep their values from version to version", () => {
    expect(Array.from(draw(3, 0, { type: "uniform" }, 2026))).toMatchInlineSnapshot(`
      [
        0.3179284930229187,
        0.7459666132926941,
        0.23963171243667603,
      ]
    `);
    expect(Array.from(draw(3, 2, { type: "normal" }, 2026))).toMatchInlineSnapshot(`
      [
        0.7569180727005005,
        0.14809684455394745,
        -1.535765290260315,
      ]
    `);
  });
});

describe("rng", () => {
  test("draws another stream at each call, the same for a seed", () => {
    const [a, b] = [rng(4), rng(4)];
    const first = a.uniform([2, 3], 0.5);
    expect(first.data).toEqual(b.uniform([2, 3], 0.5).data);
    expect(first.shape).toEqual([2, 3]);
    expect(a.uniform([2, 3], 0.5).data).not.toEqual(first.data);
    expect(rng(5).uniform([2, 3], 0.5).data).not.toEqual(first.data);
  });

  test("scales", () => {
    const source = rng(1);
    const uniform = source.uniform([20_000], 0.25).data as Float32Array;
    expect(Math.max(...uniform)).toBeLessThan(0.25);
    expect(Math.min(...uniform)).toBeGreaterThan(-0.25);
    expect(Math.abs(mean(uniform))).toBeLessThan(4 * 0.25 * Math.sqrt(1 / 3 / 20_000));
    const normal = source.normal([20_000], 3).data as Float32Array;
    expect(Math.abs(moment(normal, 2) - 9)).toBeLessThan(4 * 9 * Math.sqrt(2 / 20_000));
  });

  test("gives each integer as often", () => {
    const source = rng(9);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 5000; i++) counts[source.integer(5)]!++;
    for (const n of counts) expect(Math.abs(n - 1000)).toBeLessThan(4 * Math.sqrt(800));
    expect(source.integer(1)).toBe(0);
  });
});
