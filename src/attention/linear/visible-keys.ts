// What of a mask linear attention can keep: how far a query sees, and which keys are real.

import { optionError } from "../../core/errors.ts";
import { and } from "../../core/ops/compare.ts";
import { broadcastTo, reshape } from "../../core/ops/movement.ts";
import type { Tensor } from "../../core/tensor.ts";
import { coordinates } from "../masks/coordinates.ts";
import type { Mask, MaskSizes } from "../masks/mask.ts";

/** A mask as sums can have it. */
export interface VisibleKeys {
  /** The offset of a causal rule, key <= query + offset; null for none. */
  readonly causal: number | null;
  /** bool (B, S), true for keys that are real; null for all. */
  readonly keys: Tensor | null;
}

/**
 * Reads a mask as a causal rule and a mask of keys.
 *
 * @throws HeedError for a mask that says more: the weight of a single pair is never made, so that it cannot be blocked.
 */
export function visibleKeys(where: string, mask: Mask | null, sizes: MaskSizes): VisibleKeys {
  let causal: number | null = null;
  let keys: Tensor | null = null;
  for (const part of partsOf(mask)) {
    const { causal: offset, exact } = part.structure(sizes);
    const own = exact ? part.keys(sizes) : keysAlone(where, part, sizes);
    if (exact && offset !== null) causal = Math.min(causal ?? offset, offset);
    // What a causal rule blocks for every query is blocked by the rule.
    if (own && !(exact && offset !== null)) keys = keys ? and(keys, own) : own;
  }
  return { causal, keys };
}

function partsOf(mask: Mask | null): readonly Mask[] {
  if (!mask) return [];
  return mask.parts ? mask.parts.flatMap(partsOf) : [mask];
}

/** A mask that is the same for all heads and queries: (B, S); null where it blocks nothing. */
function keysAlone(where: string, mask: Mask, sizes: MaskSizes): Tensor | null {
  const { batchSize, keyLength } = sizes;
  const allowed = mask.addsBias ? undefined : mask.allowed(coordinates(sizes), sizes);
  if (allowed === null) return null;
  if (allowed === undefined || allowed.shape[1] !== 1 || allowed.shape[2] !== 1)
    throw optionError(
      where,
      "mask must be made of causal() and of masks of keys alone, as lengths and keyPadding are: no pair's weight is ever made",
      mask.name,
      "Use attention, or localAttention for windows.",
    );
  return broadcastTo(reshape(allowed, [allowed.shape[0]!, allowed.shape[3]!]), [batchSize, keyLength]);
}
