// Batches of pairs: grouped by source length so that almost nothing is padding, in an order that is a function of seed and epoch.

import { optionError } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { largestSeed, rng, type Rng } from "../../core/random.ts";
import { BEGIN, END, PAD } from "../../text/vocabulary.ts";

/** A source and a target, as ids without begin and end. */
export interface Pair {
  readonly source: readonly number[];
  readonly target: readonly number[];
}

/** One batch, as arrays. Axes: B pairs, S longest source, U longest target with its end. */
export interface PairBatch {
  /** int32 (B, S). */
  readonly source: NdArray;
  /** bool (B, S), true at real symbols; null when no source is padded. */
  readonly sourceMask: NdArray | null;
  /** int32 (B, U): begin, then the target without its last symbol. */
  readonly previous: NdArray;
  /** int32 (B, U): the target, then end. */
  readonly target: NdArray;
  /** bool (B, U), true at real symbols. */
  readonly targetMask: NdArray;
}

/**
 * Sources of one call, padded to one length.
 *
 * @param length - default: the longest's own.
 * @param masked - give a mask even where nothing is padded, so that one compiled graph serves both. Default false.
 */
export function sourceArrays(
  sources: readonly (readonly number[])[],
  length: number = Math.max(1, ...sources.map((s) => s.length)),
  masked = false,
): { readonly source: NdArray; readonly mask: NdArray | null } {
  const lengths = sources.map((s) => s.length);
  const whole = !masked && lengths.every((n) => n === length);
  return { source: padded(sources, length), mask: whole ? null : lengthMask(lengths, length) };
}

/** The arrays of a batch of pairs. */
export function pairArrays(pairs: readonly Pair[]): PairBatch {
  const { source, mask } = sourceArrays(pairs.map((p) => p.source));
  const width = Math.max(...pairs.map((p) => p.target.length)) + 1;
  return {
    source,
    sourceMask: mask,
    previous: padded(
      pairs.map((p) => [BEGIN, ...p.target]),
      width,
    ),
    target: padded(
      pairs.map((p) => [...p.target, END]),
      width,
    ),
    targetMask: lengthMask(
      pairs.map((p) => p.target.length + 1),
      width,
    ),
  };
}

/**
 * The batches of one epoch.
 *
 * Pairs of one source length are shuffled, ordered by target length, and cut into batches: no source is padded and
 * targets hardly. What is left of each length goes together, padded. The batches come in random order.
 *
 * @param size - pairs in a batch.
 * @param seed - an integer from 0 to 2^31 - 1.
 * @throws HeedError "option" for another seed.
 */
export function epochBatches(
  pairs: readonly Pair[],
  size: number,
  seed: number,
  epoch: number,
): readonly (readonly Pair[])[] {
  if (!Number.isInteger(seed) || seed < 0 || seed > largestSeed)
    throw optionError("epochBatches", `seed must be an integer from 0 to ${largestSeed}`, String(seed));
  const random = rng(seed * 1_000_003 + epoch);
  const byLength = new Map<number, Pair[]>();
  for (const pair of pairs) {
    const list = byLength.get(pair.source.length);
    if (list) list.push(pair);
    else byLength.set(pair.source.length, [pair]);
  }
  const batches: (readonly Pair[])[] = [];
  const rest: Pair[] = [];
  for (const length of [...byLength.keys()].sort((a, b) => a - b)) {
    const list = shuffled(byLength.get(length)!, random);
    const whole = list.length - (list.length % size);
    rest.push(...list.slice(whole));
    const ordered = list.slice(0, whole).sort((a, b) => a.target.length - b.target.length);
    for (let i = 0; i < whole; i += size) batches.push(ordered.slice(i, i + size));
  }
  for (let i = 0; i < rest.length; i += size) batches.push(rest.slice(i, i + size));
  return shuffled(batches, random);
}

/** A copy in random order (Fisher and Yates). */
function shuffled<T>(items: readonly T[], random: Rng): T[] {
  const out = [...items];
  const draws = random.uniform([Math.max(1, out.length)], 0.5).data as Float32Array;
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.min(i, Math.floor((draws[i]! + 0.5) * (i + 1)));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

function padded(rows: readonly (readonly number[])[], width: number): NdArray {
  const data = new Int32Array(rows.length * width).fill(PAD);
  rows.forEach((row, i) => data.set(row.slice(0, width), i * width));
  return new NdArray("int32", [rows.length, width], data);
}

function lengthMask(lengths: readonly number[], width: number): NdArray {
  const data = new Uint8Array(lengths.length * width);
  lengths.forEach((n, i) => data.fill(1, i * width, i * width + n));
  return new NdArray("bool", [lengths.length, width], data);
}
