// What masks are made from: tensors of the graph, whose values come when it runs, and host arrays, whose values are known.

import type { DType } from "../../core/dtype.ts";
import { dtypeError, inputError, shapeError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { constant } from "../../core/ops/source.ts";
import { offsetOf, stridesOf } from "../../core/reference.ts";
import { show, Tensor } from "../../core/tensor.ts";
import type { MaskPair } from "./rule.ts";

/** Values of a mask: a tensor, or a host array, which becomes a constant of the graph and can be explained. */
export type MaskSource = Tensor | NdArray;

/** What a source must be. */
export interface SourceTerms {
  /** As messages name it, with its axes: `x must be int32 (B)`. */
  readonly axes: string;
  readonly takes: readonly DType[];
  readonly ranks: readonly number[];
  /** What a person who passed another dtype probably meant. */
  readonly dtypeHint?: (dtype: DType) => string | undefined;
  /** What a person who passed another number of axes should do. */
  readonly rankHint?: string;
}

/** Refuses what is no source, has another dtype or another number of axes, or does not live on the host. */
export function checkSource(where: string, x: unknown, terms: SourceTerms, what = "x"): asserts x is MaskSource {
  const dtypes = terms.takes.join(" or ");
  const expected = `${what} must be ${dtypes} ${terms.axes}`;
  if (!(x instanceof Tensor) && !(x instanceof NdArray))
    throw inputError(where, `${expected}, as a Tensor or an NdArray`, kindOf(x), "Make an NdArray with array().");
  if (!terms.takes.includes(x.dtype)) throw dtypeError(where, expected, show(x), terms.dtypeHint?.(x.dtype));
  if (!terms.ranks.includes(x.shape.length)) throw shapeError(where, expected, show(x), terms.rankHint);
  // Its getter refuses an array that lives on a device, or nowhere.
  if (x instanceof NdArray) void x.data;
}

/** The source as a tensor. */
export function tensorOf(source: MaskSource): Tensor {
  return source instanceof Tensor ? source : constant(source);
}

/** The elements that are known now, or null. */
export function elementsOf(source: MaskSource): ArrayLike<number> | null {
  // Sources have dtypes whose elements are numbers; checkSource saw to it.
  return source instanceof Tensor ? null : (source.data as ArrayLike<number>);
}

/** Refuses the first known element that does not satisfy `valid`. */
export function checkElements(
  where: string,
  source: MaskSource,
  expected: string,
  valid: (element: number) => boolean,
  hint?: string,
): void {
  const data = elementsOf(source);
  if (!data) return;
  for (let i = 0; i < data.length; i++)
    if (!valid(data[i]!)) throw inputError(where, expected, `${data[i]} at element ${i} of ${show(source)}`, hint);
}

/**
 * The known element of a pair, or null.
 *
 * @param view - the source's shape as the four axes of scores, 1 where it does not vary.
 * @throws HeedError when the pair lies outside.
 */
export function elementAt(where: string, source: MaskSource, view: readonly number[], pair: MaskPair): number | null {
  const data = elementsOf(source);
  const strides = stridesOf(view);
  const at = (["batch", "head", "query", "key"] as const).map((axis, i) => {
    if (view[i] === 1) return 0;
    if (pair[axis] >= view[i]!)
      throw inputError(
        `${where}.explain`,
        `${axis} must be below ${view[i]}, the size of its axis in ${show(source)}`,
        String(pair[axis]),
      );
    return pair[axis];
  });
  return data ? data[offsetOf(at, strides)]! : null;
}
