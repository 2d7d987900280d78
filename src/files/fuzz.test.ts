import { describe, expect, test } from "vitest";
import { HeedError } from "../core/errors.ts";
import { array, zeros, type NdArray } from "../core/ndarray.ts";
import { fromNpy, toNpy } from "./npy.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

const CASES = 2_000;

/** Uniform whole numbers below `limit`, the same for the same seed (mulberry32). */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

/** A copy of `file` cut short, or with bytes changed, removed, doubled or taken from the format's own alphabet. */
function damaged(file: Uint8Array, headerEnd: number, random: (limit: number) => number): Uint8Array {
  if (random(4) === 0) return file.slice(0, random(file.length));
  let bytes = [...file];
  const alphabet = `{}[](),:"'\\0123456789-.eE_ <>|uTF\n`;
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(random(3) === 0 ? bytes.length : Math.min(headerEnd, bytes.length));
    const kind = random(5);
    if (kind === 0) bytes[at] = random(256);
    else if (kind === 1) bytes[at] = alphabet.charCodeAt(random(alphabet.length));
    else if (kind === 2) bytes[at]! ^= 1 << random(8);
    else if (kind === 3) bytes.splice(at, 1 + random(4));
    else bytes = [...bytes.slice(0, at), ...bytes.slice(Math.max(0, at - random(40)), at), ...bytes.slice(at)];
  }
  return Uint8Array.from(bytes);
}

interface Outcome {
  /** Files that decoded. */
  accepted: number;
  /** Milliseconds of the slowest case. */
  slowest: number;
  /** Characters of the longest refusal. */
  longest: number;
}

/** Damages `file` again and again: `decode` must give arrays no larger than the file, or throw a HeedError `file`. */
function attack(file: Uint8Array, headerEnd: number, seed: number, decode: (bytes: Uint8Array) => NdArray[]): Outcome {
  const random = randomFrom(seed);
  const outcome = { accepted: 0, slowest: 0, longest: 0 };
  for (let i = 0; i < CASES; i++) {
    const bytes = damaged(file, headerEnd, random);
    const started = performance.now();
    try {
      const total = decode(bytes).reduce((sum, { data }) => sum + data.byteLength, 0);
      if (total > bytes.length) throw new Error(`${total} bytes from ${bytes.length}`);
      outcome.accepted++;
    } catch (error) {
      if (!(error instanceof HeedError) || error.code !== "file") throw new Error(`case ${i}`, { cause: error });
      outcome.longest = Math.max(outcome.longest, error.message.length);
    }
    outcome.slowest = Math.max(outcome.slowest, performance.now() - started);
  }
  return outcome;
}

describe("2,000 damaged files either decode or are refused", () => {
  test("safetensors", () => {
    const tensors = { "a.weight": array([[1, 2], [3, 4]]), "b.mask": array([true, false, true]), empty: zeros([0, 3]) }; // prettier-ignore
    const file = encodeSafetensors({ ...tensors, ids: zeros([2], "int64") }, { format: "pt", step: "12" });
    const headerEnd = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
    const outcome = attack(file, headerEnd, 7, (bytes) => [...decodeSafetensors(bytes, "fuzz").tensors.values()]);
    expect(outcome.accepted).toBeGreaterThan(0); // some damage only changes names or elements
    expect(outcome.accepted).toBeLessThan(CASES / 2);
    expect(outcome.longest).toBeLessThan(2_000);
    expect(outcome.slowest).toBeLessThan(500);
  });

  test("npy", () => {
    const file = toNpy(array(Array.from({ length: 6 }, (_, i) => [i, -i])));
    const outcome = attack(file, 70, 8, (bytes) => [fromNpy(bytes, "fuzz")]);
    expect(outcome.accepted).toBeGreaterThan(0);
    expect(outcome.accepted).toBeLessThan(CASES / 2);
    expect(outcome.longest).toBeLessThan(2_000);
    expect(outcome.slowest).toBeLessThan(500);
  });
});
