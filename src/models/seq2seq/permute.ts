// The memory in another order, against which attention is tested: what looks at the right place then finds something else.

import { allocate } from "../../core/dtype.ts";
import { NdArray } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";
import { mapTree } from "../../core/tree.ts";

/**
 * The states of each source in a random order among its real positions: every array (B, S, ...) of the memory alike. The encoder's last state, from which the decoder begins, is not part of the memory and stays.
 *
 * The order of a source is a function of the seed and of its symbols, so that neighbours in a batch do not change it. It
 * leaves no state of a source of two symbols or more in its place (a cyclic permutation).
 *
 * @param source - int32 (B, S). @param mask - bool (B, S), null where none is padded.
 * @param seed - an integer from 0 to 2^31 - 1.
 * Source of the cycle: Sattolo 1986, "An algorithm to generate a random cyclic permutation".
 */
export function permuteMemory<M>(memory: M, source: NdArray, mask: NdArray | null, seed: number): M {
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
  const turned = (a: NdArray): NdArray => {
    const width = a.size / Math.max(1, B * S);
    const data = allocate(a.dtype, a.size);
    order.forEach((from, at) => {
      const row = Math.floor(at / S) * S + from;
      data.set(a.data.subarray(row * width, (row + 1) * width) as never, at * width);
    });
    return new NdArray(a.dtype, a.shape, data);
  };
  return mapTree<unknown, NdArray, NdArray>(memory, turned) as M;
}
