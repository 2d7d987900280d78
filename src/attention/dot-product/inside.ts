// Blocks of keys that reach beyond the sequence: what lies outside is blocked.

import { maximum, minimum } from "../../core/ops/binary.ts";
import { and as both, less, lessEqual } from "../../core/ops/compare.ts";
import type { Tensor } from "../../core/tensor.ts";
import { and } from "../masks/algebra.ts";
import type { Mask, MaskCoordinates, MaskSizes } from "../masks/mask.ts";
import { maskOf } from "../masks/rule.ts";
import type { ScoreRules } from "./rules.ts";

const inside: Mask = maskOf({
  name: "inside",
  allowed: (at, { keyLength }) => both(lessEqual(0, at.key), less(at.key, keyLength)),
  verdict: ({ key, sizes }) => ({ allowed: sizes ? key < sizes.keyLength : "depends", why: "a key of the sequence" }),
});

/** Rules whose mask blocks keys outside of the sequence, and whose functions are asked about positions inside alone. */
export function insideRules(rules: ScoreRules): ScoreRules {
  const { mask, scoreMod, sizes } = rules;
  return {
    ...rules,
    mask: insideOf(mask),
    // It may look positions up in a table, which has no others.
    scoreMod: scoreMod && ((scores, at) => scoreMod(scores, within(at, sizes))),
  };
}

/** A mask that blocks keys outside of the sequence, and asks `mask` about those inside alone: stored masks hold nothing else. */
function insideOf(mask: Mask | null): Mask {
  if (!mask) return inside;
  const { parts: _, ...own } = mask; // which would be asked outside
  return and(inside, {
    ...own,
    allowed: (at, sizes) => mask.allowed(within(at, sizes), sizes),
    bias: (at, sizes) => mask.bias(within(at, sizes), sizes),
  });
}

function within(at: MaskCoordinates, { queryLength, keyLength }: MaskSizes): MaskCoordinates {
  const cut = (x: Tensor, length: number): Tensor => maximum(minimum(x, length - 1), 0);
  return { ...at, query: cut(at.query, queryLength), key: cut(at.key, keyLength) };
}
