// What one step of attention tells of itself to those who watch.

import { inputError } from "../../core/errors.ts";
import { reshape } from "../../core/ops/movement.ts";
import { where } from "../../core/ops/select.ts";
import type { Tensor } from "../../core/tensor.ts";
import { offer } from "../../core/watch.ts";
import { coordinates } from "../masks/coordinates.ts";
import type { MaskSizes } from "../masks/mask.ts";
import { lowest } from "../normalizers/allowed.ts";
import { attentionKind, type AttentionSite, type WeightStage } from "./site.ts";
import type { WeightAlteration } from "../dot-product/rules.ts";
import { summarizeRows, summaryOf } from "./summary.ts";

/** One step. Axes: B batch, S positions, V value size. */
export interface StepParts {
  /** (B, S). */
  readonly scores: Tensor;
  /** bool (B, S) or null. */
  readonly mask: Tensor | null;
  /** (B, S). */
  readonly distribution: Tensor;
  /** (B, S): what the values are summed by. */
  readonly weights: Tensor;
  /** (B, S, V). */
  readonly values: Tensor;
}

/** Offers a step under a name. @returns the weights (B, S), altered where somebody does. */
export function offerStep(name: string, parts: StepParts): Tensor {
  const [B, S] = parts.weights.shape as readonly [number, number];
  const sizes = { batchSize: B, headCount: 1, queryLength: 1, keyLength: S };
  const alteredBy = (alterations: readonly unknown[]): Tensor => {
    if (alterations.length === 0) return parts.weights;
    const at = coordinates(sizes);
    const whole = reshape(parts.weights, [B, 1, 1, S]);
    const changes = alterations as readonly WeightAlteration[];
    return reshape(
      changes.reduce((weights, change) => change(weights, at), whole),
      [B, S],
    );
  };
  return alteredBy(
    offer(name, attentionKind, (alterations) => siteOf({ ...parts, weights: alteredBy(alterations) }, sizes)),
  );
}

function siteOf({ scores, mask, distribution, weights, values }: StepParts, sizes: MaskSizes): AttentionSite {
  const { batchSize: B, keyLength: S } = sizes;
  const stages: Readonly<Record<WeightStage, () => Tensor>> = {
    logits: () => scores,
    masked: () => (mask ? where(mask, scores, lowest) : scores),
    probs: () => distribution,
    dropped: () => weights,
  };
  return {
    sizes,
    flops: 2 * B * S * values.shape[2]!,
    scoreBytes: 4 * B * S,
    weights(stage, queries) {
      if (queries !== undefined && (queries.length !== 1 || queries[0] !== 0))
        throw inputError("observe", "the one query of a step is 0", queries.join(", "));
      return reshape(stages[stage](), [B, 1, 1, S]);
    },
    // The query of a step stands nowhere: its distance is counted from the first position.
    summary: () => summaryOf(summarizeRows(reshape(distribution, [B, 1, 1, S]), coordinates(sizes))),
  };
}
