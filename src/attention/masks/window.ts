// Window: a query sees the keys near its own position.

import { checkOptions, optionError } from "../../core/errors.ts";
import { add } from "../../core/ops/binary.ts";
import { and, lessEqual } from "../../core/ops/compare.ts";
import type { Tensor } from "../../core/tensor.ts";
import { alignOffset, checkAlign } from "./alignment.ts";
import type { AlignOptions } from "./causal.ts";
import type { Mask, MaskSizes } from "./mask.ts";
import { maskOf } from "./rule.ts";
import { clampRange, keysBetween } from "./sizes.ts";

/** Options of `window`. */
export interface WindowOptions extends AlignOptions {
  /** How many keys before the query's own are seen; Infinity: all of them. */
  readonly left: number;
  /** How many keys after the query's own are seen; Infinity: all of them. */
  readonly right: number;
}

/**
 * Allows query - left <= key <= query + right, both ends included, so left + 1 + right keys; under `align: "end"` the
 * query stands at query + (S - T).
 *
 * | elsewhere | here |
 * |---|---|
 * | FlashAttention `window_size=(l, r)` | `{ left: l, right: r, align: "end" }`; its -1 is Infinity |
 * | JAX `local_window_size=(l, r)` | `{ left: l, right: r, align: "start" }` |
 * | cuDNN `sliding_window_length` w, which counts the query's own key | `{ left: w - 1, right: 0 }` |
 * | Keras `sliding_window` w: abs(query - key) < w, on both sides even with a causal mask | `{ left: w - 1, right: w - 1 }` |
 * | ONNX `left_window_size` l, `right_window_size` r | `{ left: l, right: r }`; its -1 is Infinity |
 *
 * @throws HeedError when a side is negative or fractional; from `check` when T and S differ, a side is bounded and
 *   `align` was not said.
 */
export function window(options: WindowOptions): Mask {
  checkOptions("window", options, ["left", "right", "align"]);
  const { left, right, align } = options ?? {};
  checkSide("left", left);
  checkSide("right", right);
  checkAlign("window", align);
  const bounded = left !== Infinity || right !== Infinity;
  const offsetOf = (sizes: MaskSizes | null): number => (bounded ? alignOffset("window", align, sizes) : 0);
  const ends = (query: number, sizes: MaskSizes | null): readonly [first: number, last: number] => {
    const own = query + offsetOf(sizes);
    return [own - left, own + right];
  };
  return maskOf({
    name: `window(left: ${left}, right: ${right}${align ? `, align: ${align}` : ""})`,
    allowed(at, sizes) {
      const offset = offsetOf(sizes);
      const shifted = (by: number): Tensor => (by === 0 ? at.query : add(at.query, inRange(by)));
      const from = left === Infinity ? null : lessEqual(shifted(offset - left), at.key);
      const to = right === Infinity ? null : lessEqual(at.key, shifted(offset + right));
      return from && to ? and(from, to) : (from ?? to);
    },
    keyRange(query, sizes) {
      const [first, last] = ends(query, sizes);
      return clampRange(first, last + 1, sizes);
    },
    exactRange: true,
    keys(sizes) {
      if (sizes.queryLength === 0) return null;
      return keysBetween(ends(0, sizes)[0], ends(sizes.queryLength - 1, sizes)[1] + 1, sizes);
    },
    structure: (sizes) => ({
      causal: right === Infinity ? null : offsetOf(sizes) + right,
      lengths: null,
      exact: left === Infinity,
    }),
    check: (sizes) => void offsetOf(sizes),
    verdict({ query, key, sizes }) {
      const [first, last] = ends(query, sizes);
      const allowed = first <= key && key <= last;
      const seen = `${first === -Infinity ? "first" : first} to ${last === Infinity ? "last" : last}`;
      return { allowed, why: `key ${key} is ${allowed ? "in" : "out"}side ${seen}, the window of query ${query}` };
    },
  });
}

function checkSide(side: "left" | "right", size: unknown): void {
  if (size === Infinity || (Number.isInteger(size) && (size as number) >= 0)) return;
  throw optionError(
    "window",
    `${side} must be an integer >= 0, or Infinity`,
    String(size),
    size === -1 ? "-1 is FlashAttention's and ONNX's word for unbounded: use Infinity." : undefined,
  );
}

// Positions are int32: a side beyond any sequence is cut to one that cannot overflow.
const farthest = 2 ** 30;

function inRange(by: number): number {
  return Math.min(Math.max(by, -farthest), farthest);
}
