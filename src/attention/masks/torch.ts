// Importers of PyTorch's masks, of which three conventions exist.

import type { DType } from "../../core/dtype.ts";
import { not } from "../../core/ops/compare.ts";
import { additiveNamed } from "./additive.ts";
import { allowNamed } from "./allow.ts";
import { likeScores, padding, scoresAxes, scoresRanks, threeAxes, torchAttention } from "./layouts.ts";
import type { Mask } from "./mask.ts";
import { checkSource, type MaskSource } from "./source.ts";
import { stored, type Layout } from "./stored.ts";

/** A bool mask that is true at what is blocked. */
function blockNamed(name: string, x: MaskSource, layout: Layout): Mask {
  return stored(name, x, layout, {
    allows: { known: (value) => value === 0, traced: not },
    why: (value) => `the mask is ${value !== 0} (true = block)`,
  });
}

/**
 * `key_padding_mask` of `nn.MultiheadAttention` and `src_key_padding_mask` of `nn.Transformer`: true = BLOCK.
 *
 * fairseq's `encoder_padding_mask` and OpenNMT-py's `sequence_mask` since October 2023 are the same.
 *
 * @param x - bool (B, S), true at padding.
 * @throws HeedError for another dtype: PyTorch adds a float mask to the scores.
 */
export function fromTorchKeyPadding(x: MaskSource): Mask {
  checkSource("fromTorchKeyPadding", x, {
    axes: "(B, S), true at padding",
    takes: ["bool"],
    ranks: [2],
    dtypeHint: (dtype) =>
      dtype === "float32"
        ? "PyTorch adds a float key_padding_mask to the scores, so that zeros and ones block nothing: pass values to add " +
          "to fromAdditive as (B, 1, 1, S)."
        : zeroOneHint(dtype),
  });
  return blockNamed("fromTorchKeyPadding", x, padding);
}

/**
 * `attn_mask` of `nn.MultiheadAttention` and `mask` of `nn.Transformer`: bool true = BLOCK, float is added.
 *
 * @param x - bool or float32, (T, S), or (B * H, T, S) with the heads of a row side by side. Floats are read as
 *   `fromAdditive` reads them: at or below -9984 they block.
 * @throws HeedError for another dtype; from `check` for other axes.
 */
export function fromTorchAttnMask(x: MaskSource): Mask {
  const name = "fromTorchAttnMask";
  checkSource(name, x, {
    axes: "(T, S) or (B * H, T, S)",
    takes: ["bool", "float32"],
    ranks: [2, 3],
    dtypeHint: zeroOneHint,
  });
  return x.dtype === "bool" ? blockNamed(name, x, torchAttention) : additiveNamed(name, x, torchAttention);
}

/**
 * `attn_mask` of `scaled_dot_product_attention`: bool true = ATTEND, the opposite of `nn.MultiheadAttention`'s; float is
 * added. Where PyTorch refuses `is_causal` beside a mask, here it is `and(causal(...), fromSdpa(x))`.
 *
 * @param x - bool or float32 (B, H, T, S), axes of size 1 stretched; or (T, S), (S) or (). Floats are read as `fromAdditive`
 *   reads them: at or below -9984 they block. Three axes are refused, since (B, T, S) and (H, T, S) look alike.
 * @throws HeedError for another dtype or number of axes; from `check` for other axes.
 */
export function fromSdpa(x: MaskSource): Mask {
  checkSource("fromSdpa", x, {
    axes: scoresAxes,
    takes: ["bool", "float32"],
    ranks: scoresRanks,
    dtypeHint: (dtype) => (dtype === "int32" || dtype === "uint8" ? "Use from01 where 1 = attend." : undefined),
    rankHint: threeAxes,
  });
  return x.dtype === "bool" ? allowNamed("fromSdpa", x, likeScores) : additiveNamed("fromSdpa", x, likeScores);
}

function zeroOneHint(dtype: DType): string | undefined {
  return dtype === "int32" || dtype === "uint8"
    ? "Zeros and ones do not say which of them blocks: convert to bool where 1 = block, or use from01 where 1 = attend."
    : undefined;
}
