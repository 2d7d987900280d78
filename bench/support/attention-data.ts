// The numbers that all sides compute with, and whether what they give is the same.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { rng } from "../../src/core/random.ts";
import { headCount, headSize, rowsInFile, type Problem } from "./attention-problems.ts";

/** How far two results may differ, in root mean squares of the first: products are summed in other orders. */
const tolerance = 1e-3;

/** Operands of a problem, float32 (B, S, H, D). */
export interface AttentionData {
  readonly query: Float32Array;
  readonly keys: Float32Array;
  readonly values: Float32Array;
  /** Of the context. */
  readonly gradient: Float32Array;
}

/** Writes the file of one length, unless it is there. */
export function writeData(file: string, S: number): void {
  if (existsSync(file)) return;
  const shape = [4 * rowsInFile, S, headCount, headSize];
  writeFileSync(file, rng(S).normal(shape, 1).data as Float32Array);
}

/** The operands of a problem, from its file. */
export function readData({ data, B, S, H, D }: Problem): AttentionData {
  const all = readFloats(data);
  const part = (i: number): Float32Array => all.slice(i * rowsInFile * S * H * D, (i * rowsInFile + B) * S * H * D);
  return { query: part(0), keys: part(1), values: part(2), gradient: part(3) };
}

/** A file of float32. */
export function readFloats(file: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(file);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/**
 * What tells another result from ours; empty where they agree.
 *
 * @param ours - the context, or the three gradients one after the other, each (B, S, H, D).
 */
export function difference({ B, S, H, D, lengths }: Problem, ours: Float32Array, theirs: Float32Array): string {
  if (theirs.length !== ours.length) return `${theirs.length} numbers instead of ${ours.length}`;
  const row = H * D;
  let [squares, count, worst] = [0, 0, 0];
  for (let at = 0; at < ours.length; at += row) {
    const [b, s] = [Math.floor(at / (S * row)) % B, (at / row) % S];
    // What becomes of padding is a convention.
    if (lengths && s >= lengths[b]!) continue;
    for (let i = at; i < at + row; i++) {
      const gap = Math.abs(ours[i]! - theirs[i]!);
      // Of what is not a number nothing agrees.
      worst = gap <= worst ? worst : Number.isNaN(gap) ? Infinity : gap;
      squares += ours[i]! ** 2;
      count++;
    }
  }
  const relative = worst / Math.sqrt(squares / count);
  return relative <= tolerance ? "" : `another result, by ${relative.toPrecision(2)} of its root mean square`;
}
