// Importers of masks of zeros and ones, 1 = attend.

import type { DType } from "../../core/dtype.ts";
import { cast } from "../../core/ops/select.ts";
import { allowNamed } from "./allow.ts";
import { byRow } from "./layouts.ts";
import type { Mask } from "./mask.ts";
import { checkElements, checkSource, type MaskSource } from "./source.ts";
import { stored } from "./stored.ts";

const axes = "(B, S), (B, T, S) or (B, H, T, S)";
const ranks = [2, 3, 4] as const;

/** What is wrong with zeros and ones that are floats. */
function floatHint(dtype: DType): string | undefined {
  return dtype === "float32"
    ? "Floats are refused because libraries differ on them: PyTorch adds a float mask to the scores, where zeros and ones " +
        "are +0 and +1 and block nothing. Convert zeros and ones to int32; values that are added are read by fromAdditive."
    : undefined;
}

/**
 * Keras: 1 or true = attend. Two axes are the padding mask (B, S) that layers hand on (`value_mask`, `key_mask`, `mask` of
 * `Embedding(mask_zero=True)`), three are `attention_mask` (B, T, S).
 *
 * Keras's `query_mask` has no place here: it does not say who may be looked at, but whose result counts. Mask the loss.
 * `use_causal_mask` is `causal({ align: "start" })`.
 *
 * @param x - bool, int32 or uint8, (B, S), (B, T, S) or (B, H, T, S); axes of size 1 are stretched.
 * @throws HeedError for another dtype, or a known number that is neither 0 nor 1; from `check` for other axes.
 */
export function fromKeras(x: MaskSource): Mask {
  checkSource("fromKeras", x, { axes, takes: ["bool", "int32", "uint8"], ranks, dtypeHint: floatHint });
  return x.dtype === "bool" ? allowNamed("fromKeras", x, byRow) : zeroOneNamed("fromKeras", x);
}

/**
 * Integers, 1 = attend: `attention_mask` of Hugging Face's tokenizers (B, S), or with an axis of queries (B, T, S), or of
 * heads besides (B, H, T, S).
 *
 * @param x - int32 or uint8; axes of size 1 are stretched.
 * @throws HeedError for another dtype, or a known number that is neither 0 nor 1; from `check` for other axes.
 */
export function from01(x: MaskSource): Mask {
  checkSource("from01", x, {
    axes,
    takes: ["int32", "uint8"],
    ranks,
    dtypeHint: (dtype) => (dtype === "bool" ? "A bool mask is keyPadding (B, S) or allow." : floatHint(dtype)),
  });
  return zeroOneNamed("from01", x);
}

function zeroOneNamed(name: string, x: MaskSource): Mask {
  const hint = "Values that are added to the scores are float32, for fromAdditive.";
  checkElements(name, x, "elements must be 0 (block) or 1 (attend)", (value) => value === 0 || value === 1, hint);
  return stored(name, x, byRow, {
    allows: { known: (value) => value !== 0, traced: (values) => cast(values, "bool") },
    why: (value) => `the mask is ${value} (1 = attend)`,
  });
}
