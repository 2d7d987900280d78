// Greedy decoding of one batch.

import { NdArray } from "../../core/ndarray.ts";
import { BEGIN, END } from "../../text/vocabulary.ts";
import { weightRow, type DecoderFunctions, type Hypothesis } from "./search.ts";

/**
 * The likeliest symbol at every step, for every source of a batch.
 *
 * @param initial - the decoder's first state, a row a source; @param lengths - of the sources.
 * @returns one hypothesis a source; its score is its log-probability. Of equal symbols the first is taken.
 */
export async function searchGreedy<S, M>(
  { step, longest }: DecoderFunctions<S, M>,
  memory: M,
  initial: S,
  lengths: readonly number[],
): Promise<readonly (readonly Hypothesis[])[]> {
  const count = lengths.length;
  const found = lengths.map(() => ({ target: [] as number[], logProb: 0, weights: [] as number[][], complete: false }));
  const limit = longest(Math.max(...lengths));
  // A source stops at its own longest length, whatever its neighbours do.
  const open = (f: (typeof found)[number], i: number): boolean => !f.complete && f.target.length < longest(lengths[i]!);
  let previous = new NdArray("int32", [count], new Int32Array(count).fill(BEGIN));
  let state = initial;
  for (let t = 0; t < limit && found.some(open); t++) {
    const { logProbs, state: next, weights } = await step(memory, previous, state);
    const scores = logProbs.data as Float32Array;
    const width = scores.length / count;
    const chosen = new Int32Array(count);
    found.forEach((f, i) => {
      let best = BEGIN + 1;
      for (let k = best + 1; k < width; k++) if (scores[i * width + k]! > scores[i * width + best]!) best = k;
      chosen[i] = best;
      if (!open(f, i)) return;
      f.logProb += scores[i * width + best]!;
      if (weights) f.weights.push(weightRow(weights, i, lengths[i]!));
      if (best === END) f.complete = true;
      else f.target.push(best);
    });
    previous = new NdArray("int32", [count], chosen);
    state = next;
  }
  return found.map((f) => [{ ...f, score: f.logProb }]);
}
