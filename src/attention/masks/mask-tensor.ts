// A whole mask as tensors, to look at it or to hand it to code that knows no masks.

import type { Tensor } from "../../core/tensor.ts";
import { coordinates } from "./coordinates.ts";
import type { Mask, MaskCoordinates, MaskSizes } from "./mask.ts";
import { checkSizes } from "./sizes.ts";

/** What a mask allows and adds. */
export interface MaskTensors {
  /** bool, four axes, broadcastable to (B, H, T, S): true = may meet; null: everything may. */
  readonly allowed: Tensor | null;
  /** float32, four axes, broadcastable to (B, H, T, S), to be added to the scores; null for none. */
  readonly bias: Tensor | null;
}

/**
 * Checks a mask against sizes and gives its tensors. Axes on which it does not vary stay at size 1: `broadcastTo` stretches
 * them where all of (B, H, T, S) is wanted.
 *
 * @param at - the block that is wanted. Default: all of it.
 */
export function maskTensor(mask: Mask, sizes: MaskSizes, at: MaskCoordinates = coordinates(sizes)): MaskTensors {
  checkSizes("maskTensor", sizes);
  mask.check(sizes);
  return { allowed: mask.allowed(at, sizes), bias: mask.bias(at, sizes) };
}
