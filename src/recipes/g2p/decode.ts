// Decoding of many words that can be stopped between batches.

import type { Decoder } from "../../models/seq2seq/decode.ts";

/** Sources in one batch: the decoder's own number. */
const batchSize = 256;

/**
 * The best target of each source, in order.
 *
 * The batches are those that the decoder makes of all sources at once (one length each), so the results are the same bit by
 * bit; between them the signal is heeded.
 *
 * @throws the signal's reason.
 */
export async function decodeBest(
  decoder: Decoder,
  sources: readonly (readonly number[])[],
  { beam = 1, signal }: { readonly beam?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly (readonly number[])[]> {
  const byLength = new Map<number, number[]>();
  for (const [i, { length }] of sources.entries()) {
    const rows = byLength.get(length) ?? [];
    rows.push(i);
    byLength.set(length, rows);
  }
  const results = new Array<readonly number[]>(sources.length);
  for (const length of [...byLength.keys()].sort((a, b) => a - b)) {
    const rows = byLength.get(length)!;
    for (let at = 0; at < rows.length; at += batchSize) {
      signal?.throwIfAborted();
      const chosen = rows.slice(at, at + batchSize);
      const found = await decoder.decode(
        chosen.map((i) => sources[i]!),
        { beam, batchSize },
      );
      chosen.forEach((i, k) => (results[i] = found[k]![0]!.target));
    }
  }
  return results;
}
