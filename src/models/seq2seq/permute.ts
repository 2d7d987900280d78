// What attention reads in another order, against which it is tested: what looks at the right place then finds something else.

import { allocate } from "../../core/dtype.ts";
import { NdArray } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";

/**
 * The values of each source in a random order among its real positions. The keys, by which attention chooses where to look,
 * stay: moved together with the values they would be found again, since a content-based score does not know of an order.
 * So does the encoder's last state, from which the decoder begins.
 *
 * The order of a source is a function of the seed and of its symbols, so that neighbours in a batch do not change it. It
 * leaves no state of a source of two symbols or more in its place (a cyclic permutation).
 *
 * @param values - float32 (B, S, ...). @param source - int32 (B, S). @param mask - bool (B, S), null where none is padded.
 * @param seed - an integer from 0 to 2^31 - 1.
 * Source: Jain and Wallace 2019 (arXiv:1902.10186), section 4.2.1, where the weights are permuted, which is the same. Of the cycle: Sattolo 1986, "An algorithm to generate a random cyclic permutation".
 */
export function permuteValues(values: NdArray, source: NdArray, mask: NdArray | null, seed: number): NdArray {
  const [B, S] = source.shape as readonly [number, number];
  const order = Int32Array.from({ length: B * S }, (_, i) => i % S);
  for (let b = 0; b < B; b++) {
    const real = Array.from({ length: S }, (_, s) => s).filter((s) => !mask || mask.data[b * S + s] === 1);
    const symbols = real.map((s) => source.data[b * S + s] as number);
    const random = rng(symbols.reduce((hash, id) => (Math.imul(hash, 31) + id) & 0x7fffffff, seed));
    const cycle = [...real];
    for (let i = cycle.length - 1; i > 0; i--) {
      const j = random.integer(i);
      [cycle[i], cycle[j]] = [cycle[j]!, cycle[i]!];
    }
    real.forEach((s, i) => (order[b * S + s] = cycle[i]!));
  }
  const width = values.size / Math.max(1, B * S);
  const data = allocate(values.dtype, values.size);
  order.forEach((from, at) => {
    const row = Math.floor(at / S) * S + from;
    data.set(values.data.subarray(row * width, (row + 1) * width) as never, at * width);
  });
  return new NdArray(values.dtype, values.shape, data);
}
