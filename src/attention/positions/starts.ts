// A mask of rows that are padded at their start.

import { bindAxes } from "../../core/axes.ts";
import { lessEqual } from "../../core/ops/compare.ts";
import { expandDims, reshape } from "../../core/ops/movement.ts";
import { iota } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { pick } from "../masks/coordinates.ts";
import type { Mask } from "../masks/mask.ts";
import { maskOf } from "../masks/rule.ts";
import { scoresType } from "../masks/sizes.ts";
import { checkStarts } from "./rows.ts";

/**
 * Allows the keys from each row's start on, for every query: what stands before is padding.
 *
 * @param starts - int32 (B), the slot of the first real element of each row.
 * @throws HeedError for another dtype or number of axes; from `check` for another batch.
 */
export function fromStarts(starts: Tensor): Mask {
  checkStarts("fromStarts", starts);
  return maskOf({
    name: "fromStarts",
    allowed: (at) => lessEqual(pick(reshape(starts, [starts.shape[0]!, 1, 1, 1]), at), at.key),
    keys: ({ keyLength }) => lessEqual(expandDims(starts, 1), expandDims(iota(keyLength), 0)),
    check: (sizes) => void bindAxes("fromStarts", { scores: [scoresType(sizes), "B H T S"], starts: [starts, "B"] }),
    verdict: () => ({ allowed: "depends", why: "the starts are known only when the graph runs" }),
  });
}
