// Key padding: which keys of each row are real.

import { allowNamed, boolHint } from "./allow.ts";
import { padding } from "./layouts.ts";
import type { Mask } from "./mask.ts";
import { checkSource, type MaskSource } from "./source.ts";

/**
 * Allows the real keys of each row, for every query. Padding may be anywhere; where it is always at the end, `lengths`
 * says so to fused kernels.
 *
 * @param x - bool (B, S), true = real, the opposite of PyTorch's `key_padding_mask` (`fromTorchKeyPadding`).
 * @throws HeedError for another dtype or number of axes; from `check` for another batch or length.
 */
export function keyPadding(x: MaskSource): Mask {
  checkSource("keyPadding", x, { axes: "(B, S)", takes: ["bool"], ranks: [2], dtypeHint: boolHint });
  return allowNamed("keyPadding", x, padding);
}
