// Lengths: keys past the end of a row are padding.

import { bindAxes } from "../../core/axes.ts";
import { maximum, minimum } from "../../core/ops/binary.ts";
import { less } from "../../core/ops/compare.ts";
import { expandDims, reshape } from "../../core/ops/movement.ts";
import { fill, iota } from "../../core/ops/source.ts";
import { pick } from "./coordinates.ts";
import type { Mask, MaskSizes } from "./mask.ts";
import { maskOf } from "./rule.ts";
import { clampRange, keysBetween, scoresType } from "./sizes.ts";
import { checkElements, checkSource, elementAt, elementsOf, tensorOf, type MaskSource } from "./source.ts";

/**
 * Allows the first keys of each row: key < length, for every query. Rows are padded at the end.
 *
 * @param x - int32 (B), how many keys are real, each in 0..S. A row of length 0 has nothing to look at.
 * @throws HeedError for another dtype, or known lengths below 0; from `check` for another batch, or known lengths above S.
 */
export function lengths(x: MaskSource): Mask {
  checkLengths("lengths", x);
  return firstKeys("lengths", "lengths", x);
}

/** Refuses what is no int32 (B) of lengths. */
export function checkLengths(where: string, x: unknown, what = "x"): asserts x is MaskSource {
  const hint = (dtype: string): string | undefined =>
    dtype === "bool" ? "A padding mask (B, S) that is true at real keys is keyPadding." : undefined;
  checkSource(where, x, { axes: "(B)", takes: ["int32"], ranks: [1], dtypeHint: hint }, what);
  checkElements(where, x, "lengths must be >= 0", (length) => length >= 0);
}

/** The keys before one position, or before one a row, under the name of a mask that contains them. */
export function firstKeys(name: string, where: string, x: number | MaskSource): Mask {
  return typeof x === "number" ? firstOfEveryRow(name, x) : firstOfEach(name, where, x);
}

function firstOfEveryRow(name: string, length: number): Mask {
  return maskOf({
    name,
    allowed: (at, sizes) => less(at.key, Math.min(length, sizes.keyLength)),
    keyRange: (_query, sizes) => clampRange(0, length, sizes),
    keys: (sizes) => keysBetween(0, length, sizes),
    structure: (sizes) => ({
      causal: null,
      lengths: fill([sizes.batchSize], Math.min(length, sizes.keyLength), "int32"),
      exact: true,
    }),
    verdict: ({ key }) => ({ allowed: key < length, why: sentence(key, length, "every row") }),
  });
}

function firstOfEach(name: string, where: string, x: MaskSource): Mask {
  const check = (sizes: MaskSizes): void => {
    const { S } = bindAxes(where, { scores: [scoresType(sizes), "B H T S"], lengths: [x, "B"] });
    checkElements(where, x, `lengths must lie in 0..${S} (keys axis S)`, (length) => length >= 0 && length <= S);
  };
  return maskOf({
    name,
    allowed: (at) => less(at.key, pick(reshape(tensorOf(x), [x.shape[0]!, 1, 1, 1]), at)),
    keyRange(_query, sizes) {
      const known = elementsOf(x);
      return known ? clampRange(0, Math.max(0, ...Array.from(known)), sizes) : [0, sizes.keyLength];
    },
    keys: (sizes) => less(expandDims(iota(sizes.keyLength), 0), expandDims(tensorOf(x), 1)),
    // Kernels read memory up to the length, so that one which is only known when it runs is cut to what there is.
    structure: (sizes) => ({
      causal: null,
      lengths: elementsOf(x) ? tensorOf(x) : minimum(maximum(tensorOf(x), 0), sizes.keyLength),
      exact: true,
    }),
    check,
    verdict(pair) {
      const length = elementAt(where, x, [x.shape[0]!, 1, 1, 1], pair);
      if (length === null) return { allowed: "depends", why: "the lengths are known only when the graph runs" };
      return { allowed: pair.key < length, why: sentence(pair.key, length, `row ${pair.batch}`) };
    },
  });
}

function sentence(key: number, length: number, row: string): string {
  return `key ${key} is ${key < length ? "among" : "past"} the first ${length} keys of ${row}`;
}
