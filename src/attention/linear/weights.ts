// The weights of linear attention written out, for those who look at them: T x S of them, which the attention never makes.

import { div } from "../../core/ops/binary.ts";
import { equal } from "../../core/ops/compare.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { transpose } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { where } from "../../core/ops/select.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Operands, WeightStages } from "../dot-product/rows.ts";
import type { ScoreRules } from "../dot-product/rules.ts";
import type { MaskCoordinates } from "../masks/mask.ts";
import { lowest } from "../normalizers/allowed.ts";

/** Products of features (B, H, T, M) and (B, H, S, M) as scores, and over their sum as weights. */
export function weighFeatures(
  { query, keys }: Pick<Operands, "query" | "keys">,
  { mask, sizes, alterations }: ScoreRules,
  at: MaskCoordinates,
): WeightStages {
  const logits = matmul(query, transpose(keys)); // (B, H, T, S)
  const allowed = mask?.allowed(at, sizes) ?? null;
  const seen = allowed ? where(allowed, logits, 0) : logits;
  const normal = overSum(seen, sum(seen, -1, { keepDims: true }));
  const probs = alterations.reduce((weights, alter) => alter(weights, at), normal);
  return { logits, masked: allowed ? where(allowed, logits, lowest) : logits, probs, dropped: probs, allowed };
}

/** x / total, and 0 without gradient where the total is 0: then every part of x is. */
export function overSum(x: Tensor, total: Tensor): Tensor {
  const none = equal(total, 0);
  return where(none, 0, div(x, where(none, 1, total)));
}
