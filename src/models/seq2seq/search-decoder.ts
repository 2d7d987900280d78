// A decoder from a model's halves: sources of one padded length go together, in batches that a search runs over.

import { inputError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { sourceArrays } from "./batches.ts";
import { searchBeams } from "./beam.ts";
import type { Decoder } from "./decode.ts";
import { searchGreedy } from "./greedy.ts";
import {
  checkDecodeOptions,
  checkSources,
  type DecoderFunctions,
  type Hypothesis,
  type SearchOptions,
} from "./search.ts";

/** A model that can be searched. */
export interface SearchedModel<S, M> extends DecoderFunctions<S, M> {
  /** Ids of the source's alphabet, specials included. */
  readonly sourceCount: number;
  /** Lengths to which sources are padded, rising; none: sources of one length go together. */
  readonly buckets: readonly number[];
  /** The longest source, in symbols, and what sets that limit, for messages. Default: none. */
  readonly limit?: { readonly length: number; readonly by: string } | undefined;
  /** Reads sources int32 (B, S), whose mask bool (B, S) is null where none is padded; with buckets it never is. */
  begin(source: NdArray, mask: NdArray | null): Promise<{ readonly memory: M; readonly initial: S }>;
  dispose(): Promise<void>;
}

/** The decoder of a model. */
export function searchDecoder<S, M>(model: SearchedModel<S, M>): Decoder {
  const { sourceCount, limit = { length: Infinity, by: "" } } = model;
  const buckets = model.buckets.map((length) => Math.min(length, limit.length));

  // Never 0: an empty source is one position of padding.
  const paddedLength = (length: number): number => buckets.find((bucket) => bucket >= length) ?? Math.max(1, length);

  const decodeBatch = async (
    sources: readonly (readonly number[])[],
    options: SearchOptions,
  ): Promise<readonly (readonly Hypothesis[])[]> => {
    const { source, mask } = sourceArrays(sources, paddedLength(sources[0]!.length), buckets.length > 0);
    const { memory, initial } = await model.begin(source, mask);
    const lengths = sources.map((s) => s.length);
    return options.beam === 1
      ? await searchGreedy(model, memory, initial, lengths)
      : await searchBeams(model, memory, initial, lengths, options);
  };

  return {
    async decode(sources, options = {}) {
      const search = checkDecodeOptions(options);
      checkSources(sources, sourceCount);
      const long = sources.findIndex(({ length }) => length > limit.length);
      if (long >= 0)
        throw inputError(
          "decode",
          `a source must have at most ${limit.length} symbols, ${limit.by}`,
          `${sources[long]!.length} in source ${long}`,
          "Train a model that has room for longer ones.",
        );
      // Memory grows with the rows of a batch, and a source has one for each place of the beam.
      const most = Math.max(1, Math.floor(search.batchSize / search.beam));
      // Sources of one padded length go together.
      const lengths = sources.map((source) => paddedLength(source.length));
      const order = sources.map((_, i) => i).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
      const results = new Array<readonly Hypothesis[]>(sources.length);
      for (let at = 0; at < order.length;) {
        options.signal?.throwIfAborted();
        const length = lengths[order[at]!]!;
        let end = at;
        while (end < order.length && end - at < most && lengths[order[end]!] === length) end++;
        const chosen = order.slice(at, end);
        const found = await decodeBatch(
          chosen.map((i) => sources[i]!),
          search,
        );
        chosen.forEach((i, k) => (results[i] = found[k]!));
        at = end;
      }
      return results;
    },
    dispose: () => model.dispose(),
  };
}
