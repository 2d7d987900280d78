// Stored masks: one value for each pair, or fewer that are stretched, and what the values mean.

import { bindAxes } from "../../core/axes.ts";
import { sizeOf } from "../../core/dtype.ts";
import { max } from "../../core/ops/reduce.ts";
import { broadcastTo, reshape } from "../../core/ops/movement.ts";
import { cast } from "../../core/ops/select.ts";
import { offsetOf, stridesOf } from "../../core/reference.ts";
import type { Tensor } from "../../core/tensor.ts";
import { pick } from "./coordinates.ts";
import type { Mask, MaskSizes } from "./mask.ts";
import { maskOf } from "./rule.ts";
import { scoresType } from "./sizes.ts";
import { elementAt, elementsOf, tensorOf, type MaskSource } from "./source.ts";

/** How the axes of stored values lie among those of scores (B, H, T, S). */
export interface Layout {
  /** The names of the axes of a source of so many axes, as in `bindAxes`. */
  pattern(rank: number): string;
  /** Whether an axis of size 1 stretches. */
  readonly stretches: boolean;
  /** The shape as the four axes of scores. `sizes` are null where `explain` was not given any. */
  view(shape: readonly number[], sizes: MaskSizes | null): readonly number[];
}

/** What stored values mean. */
export interface Meaning {
  /** Which values allow; null: all of them. On the host and in the graph. */
  readonly allows: {
    readonly known: (value: number) => boolean;
    readonly traced: (values: Tensor) => Tensor;
  } | null;
  /** What is added to the scores, for values that are added. */
  readonly bias?: (values: Tensor) => Tensor;
  /** A clause that says what a known value does. */
  readonly why: (value: number) => string;
}

/** A mask of stored values. */
export function stored(name: string, source: MaskSource, layout: Layout, meaning: Meaning): Mask {
  const { allows, bias, why } = meaning;
  const laidOut = (sizes: MaskSizes): Tensor => reshape(tensorOf(source), layout.view(source.shape, sizes));
  return maskOf({
    name,
    allowed: (at, sizes) => (allows ? allows.traced(pick(laidOut(sizes), at)) : null),
    ...(bias ? { bias: (at, sizes) => bias(pick(laidOut(sizes), at)) } : {}),
    keyRange(query, sizes) {
      const known = allows ? elementsOf(source) : null;
      if (!known || !allows) return [0, sizes.keyLength];
      return spanOf(known, layout.view(source.shape, sizes), query, allows.known, sizes.keyLength);
    },
    keys: (sizes) => (allows ? keysOf(allows.traced(laidOut(sizes)), sizes) : null),
    check: (sizes) => checkFit(name, source, layout, sizes),
    verdict(pair) {
      const value = elementAt(name, source, layout.view(source.shape, pair.sizes), pair);
      if (value === null)
        return { allowed: allows ? "depends" : true, why: "the values are known only when the graph runs" };
      const { batch, head, query, key } = pair;
      const place = `batch ${batch}, head ${head}, query ${query}, key ${key}`;
      return { allowed: allows ? allows.known(value) : true, why: `${why(value)} at ${place}` };
    },
  });
}

/** Refuses a source whose axes are not those of the scores. */
function checkFit(name: string, source: MaskSource, layout: Layout, sizes: MaskSizes): void {
  const axes = layout.pattern(source.shape.length).split(" ");
  // An axis that stretches is called 1, so that it is compared with nothing.
  const pattern = axes
    .map((axis, i) => (layout.stretches && source.shape[i] === 1 ? "1" : axis))
    .join(" ")
    .trim();
  bindAxes(name, { scores: [scoresType(sizes), "B H T S"], x: [source, pattern] });
  layout.view(source.shape, sizes);
}

/** From the first key to behind the last one that is allowed to a query, in any row and head. */
function spanOf(
  known: ArrayLike<number>,
  view: readonly number[],
  query: number,
  allows: (value: number) => boolean,
  keyLength: number,
): readonly [from: number, to: number] {
  const [B, H, T, S] = view as readonly [number, number, number, number];
  const strides = stridesOf(view);
  let [from, to] = [S, 0];
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++) {
      const row = offsetOf([b, h, T === 1 ? 0 : query], strides.slice(0, 3));
      for (let k = 0; k < S; k++)
        if (allows(known[row + k]!)) {
          from = Math.min(from, k);
          to = Math.max(to, k + 1);
        }
    }
  if (from >= to) return [0, 0];
  return S === 1 ? [0, keyLength] : [from, to];
}

/** bool (B, S) of allowed (b, h, t, s), each full or 1: whether any head and query may see the key. */
function keysOf(allowed: Tensor, { batchSize, keyLength }: MaskSizes): Tensor | null {
  const [b, h, t, s] = allowed.shape as readonly [number, number, number, number];
  // Without a query nobody looks at a key, and nothing need be known of it.
  if (sizeOf([h, t]) === 0) return null;
  const any = h * t === 1 ? allowed : cast(max(cast(allowed, "int32"), [1, 2]), "bool");
  return broadcastTo(reshape(any, [b, s]), [batchSize, keyLength]);
}
