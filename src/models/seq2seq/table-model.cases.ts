// A decoder that is a table of random numbers, for tests of search: a function of source and prefix alone.

import { NdArray } from "../../core/ndarray.ts";
import { drawInto } from "../../core/random.ts";
import { END } from "../../text/vocabulary.ts";
import type { DecoderState } from "./model.ts";
import type { DecoderFunctions, MemoryArrays } from "./search.ts";

/** Ids of the target's symbols. */
export const symbols: readonly number[] = [3, 4, 5];
const width = 6;

/** Numbers in (0, 1) that depend on seed, source and prefix alone. */
function draw(seed: number, source: number, prefix: readonly number[], count: number): Float32Array {
  const out = new Float32Array(count);
  const key = prefix.reduce((hash, s) => (hash * 31 + s) | 0, source * 7919 + prefix.length);
  drawInto(out, Int32Array.of(seed, key), 0, { type: "uniform" });
  return out;
}

/** log p(symbol | source, prefix) for every symbol. `ending` above 1 makes ends likelier. */
export function logProbsOf(seed: number, source: number, prefix: readonly number[], ending: number): Float32Array {
  const weights = draw(seed, source, prefix, width).map((u) => u ** 3);
  weights[END]! *= ending;
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => Math.log(w / total));
}

/** Where the step after a prefix looks. */
export const weightsOf = (seed: number, source: number, prefix: readonly number[], length: number): number[] => [
  ...draw(seed + 1000, source, prefix, length),
];

/** A model to search in. */
export interface Table {
  readonly functions: DecoderFunctions;
  readonly memory: MemoryArrays;
  readonly initial: DecoderState<NdArray>;
  /** Rows of each step that was run. */
  readonly rows: readonly number[];
}

/** The table as a decoder: the state carries the number of a prefix, the memory the number of a source. */
export function tableModel(
  seed: number,
  lengths: readonly number[],
  { ending = 1, extra = 2, attention = true } = {},
): Table {
  const prefixes: (readonly number[])[] = [];
  const longestSource = Math.max(...lengths);
  const rows: number[] = [];
  const column = (values: readonly number[]): NdArray =>
    new NdArray("float32", [values.length, 1], Float32Array.from(values));
  const keys = column(lengths.map((_, i) => i));
  return {
    rows,
    memory: { keys, values: keys, prepared: keys },
    initial: {
      hidden: column(lengths.map(() => -1)),
      cell: column(lengths.map(() => 0)),
      feed: column(lengths.map(() => 0)),
      attention: {},
    },
    functions: {
      longest: (length) => length + extra,
      step: async (memory, previous, { hidden, cell, feed, attention: history }) => {
        rows.push(previous.size);
        const all = new Float32Array(previous.size * width);
        const seen = new Float32Array(previous.size * longestSource);
        const numbers = [...(previous.data as Int32Array)].map((symbol, row) => {
          const source = (memory as MemoryArrays).keys.data[row] as number;
          const before = hidden.data[row] as number;
          const prefix = before < 0 ? [] : [...prefixes[before]!, symbol];
          all.set(logProbsOf(seed, source, prefix, ending), row * width);
          seen.set(weightsOf(seed, source, prefix, lengths[source]!), row * longestSource);
          return prefixes.push(prefix) - 1;
        });
        return {
          logProbs: new NdArray("float32", [previous.size, width], all),
          state: { hidden: column(numbers), cell, feed, attention: history },
          ...(attention ? { weights: new NdArray("float32", [previous.size, longestSource], seen) } : {}),
        };
      },
    },
  };
}

/** log p of a prefix, with its end if it is complete. */
export function logProbOf(
  seed: number,
  source: number,
  target: readonly number[],
  complete: boolean,
  ending = 1,
): number {
  return [...target, ...(complete ? [END] : [])].reduce(
    (sum, symbol, i) => sum + logProbsOf(seed, source, target.slice(0, i), ending)[symbol]!,
    0,
  );
}
