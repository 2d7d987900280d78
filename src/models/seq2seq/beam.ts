// Beam search: the hypotheses of all sources of a batch advance together; states, attention and history follow their parents.

import { NdArray } from "../../core/ndarray.ts";
import { allocate } from "../../core/dtype.ts";
import { mapTree } from "../../core/tree.ts";
import { BEGIN, END } from "../../text/vocabulary.ts";
import { weightRow, type DecoderFunctions, type Hypothesis, type SearchOptions } from "./search.ts";

interface Beam {
  readonly target: readonly number[];
  readonly logProb: number;
  readonly weights: readonly (readonly number[])[];
}

/** The length penalty ((5 + n) / 6)^alpha of n symbols, the end included. Source: Wu et al. 2016 (arXiv:1609.08144), eq. 14. */
export function lengthPenalty(count: number, alpha: number): number {
  return ((5 + count) / 6) ** alpha;
}

/**
 * Searches with `beam` hypotheses for each source.
 *
 * Rows of the step are sources x beam; before a step the state's rows are gathered by parent. A finished hypothesis
 * leaves its place; a source is done when it has `beam` finished ones of which none can be overtaken.
 */
export async function searchBeams<S, M>(
  { step, longest }: DecoderFunctions<S, M>,
  memory: M,
  initial: S,
  lengths: readonly number[],
  { beam, nbest, alpha }: SearchOptions,
): Promise<readonly (readonly Hypothesis[])[]> {
  const count = lengths.length;
  const rows = count * beam;
  const tile = Int32Array.from({ length: rows }, (_, r) => Math.floor(r / beam));
  const tiledMemory = gatherTree(memory, tile);
  let state = gatherTree(initial, tile);
  let previous = new NdArray("int32", [rows], new Int32Array(rows).fill(BEGIN));
  // At first all places of a source hold the same hypothesis: only the first may be extended.
  let alive: Beam[][] = lengths.map(() => [{ target: [], logProb: 0, weights: [] }]);
  const finished: Hypothesis[][] = lengths.map(() => []);
  const limit = longest(Math.max(...lengths));

  // A source stops at its own longest length, whatever its neighbours do.
  const open = (s: number, t: number): boolean => alive[s]!.length > 0 && t < longest(lengths[s]!);
  for (let t = 0; t < limit && lengths.some((_, s) => open(s, t)); t++) {
    const { logProbs, state: next, weights } = await step(tiledMemory, previous, state);
    const scores = logProbs.data as Float32Array;
    const width = scores.length / rows;
    const parents = tile.map((s) => s * beam);
    const symbols = new Int32Array(rows).fill(END);
    alive = alive.map((list, s) => {
      if (!open(s, t)) return list;
      const candidates: { readonly parent: number; readonly symbol: number; readonly logProb: number }[] = [];
      list.forEach((hypothesis, b) => {
        const base = (s * beam + b) * width;
        for (let symbol = BEGIN + 1; symbol < width; symbol++)
          candidates.push({ parent: b, symbol, logProb: hypothesis.logProb + scores[base + symbol]! });
      });
      candidates.sort((a, b) => b.logProb - a.logProb || a.parent - b.parent || a.symbol - b.symbol);
      const kept: Beam[] = [];
      for (const { parent, symbol, logProb } of candidates.slice(0, 2 * beam)) {
        if (kept.length === beam) break;
        const from = list[parent]!;
        const seen = weights ? [...from.weights, weightRow(weights, s * beam + parent, lengths[s]!)] : [];
        if (symbol === END) {
          finished[s]!.push({
            target: from.target,
            logProb,
            score: logProb / lengthPenalty(from.target.length + 1, alpha),
            weights: seen,
            complete: true,
          });
        } else {
          parents[s * beam + kept.length] = s * beam + parent;
          symbols[s * beam + kept.length] = symbol;
          kept.push({ target: [...from.target, symbol], logProb, weights: seen });
        }
      }
      return isDone(finished[s]!, kept, beam, longest(lengths[s]!), alpha) ? [] : kept;
    });
    state = gatherTree(next, parents);
    previous = new NdArray("int32", [rows], symbols);
  }
  return finished.map((list, s) => {
    // A source whose every hypothesis ran to the longest length still gets an answer, marked incomplete.
    const all =
      list.length > 0
        ? list
        : alive[s]!.map((b): Hypothesis => ({
            ...b,
            score: b.logProb / lengthPenalty(b.target.length, alpha),
            complete: false,
          }));
    return [...all].sort((a, b) => b.score - a.score).slice(0, nbest);
  });
}

/** Whether no living hypothesis can still reach the best finished ones: log-probabilities only fall. */
function isDone(
  finished: readonly Hypothesis[],
  alive: readonly Beam[],
  beam: number,
  longest: number,
  alpha: number,
): boolean {
  if (finished.length < beam) return false;
  const worst = [...finished].sort((a, b) => b.score - a.score)[beam - 1]!.score;
  const hope = Math.max(...alive.map((b) => b.logProb / lengthPenalty(longest + 1, alpha)), -Infinity);
  return hope <= worst;
}

/** The same rows of every leaf. */
function gatherTree<T>(tree: T, rows: Int32Array): T {
  return mapTree<unknown, NdArray, NdArray>(tree, (a) => gatherRows(a, rows)) as T;
}

/** Rows of an array's first axis, in the given order. */
function gatherRows(a: NdArray, rows: Int32Array): NdArray {
  const width = a.size / Math.max(1, a.shape[0]!);
  const data = allocate(a.dtype, rows.length * width);
  rows.forEach((row, i) => data.set(a.data.subarray(row * width, (row + 1) * width) as never, i * width));
  return new NdArray(a.dtype, [rows.length, ...a.shape.slice(1)], data);
}
