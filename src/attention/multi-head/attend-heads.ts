// Heads that attend: the primitive with the mechanisms of a layer, and the projection of what the heads found.

import { add } from "../../core/ops/binary.ts";
import { reshape } from "../../core/ops/movement.ts";
import type { Tensor } from "../../core/tensor.ts";
import { linear } from "../../nn/linear.ts";
import { attention } from "../dot-product/attention.ts";
import type { RowNormalizer, ScoreMod } from "../dot-product/rules.ts";
import { and } from "../masks/algebra.ts";
import type { Mask } from "../masks/mask.ts";
import { maskedSoftmax } from "../normalizers/softmax.ts";
import { fromStarts } from "../positions/starts.ts";
import { shiftQueries } from "./cache.ts";
import { windowOf, type MultiHeadConfig } from "./config.ts";
import type { HeadMemory } from "./heads.ts";
import type { MultiHeadParams } from "./params.ts";
import { mixHeads } from "./talking-heads.ts";

/** How one call attends. */
export interface AttendHeadsOptions {
  /** Which pairs may meet; the configuration's window counts besides. Default: all. */
  readonly mask?: Mask;
  /** Dropout of weights; `key: null` for none, as while evaluating. Default: none. There is no hidden training flag. */
  readonly dropout?: { readonly rate: number; readonly key: Tensor | null };
  /** The name of this attention; the scope is put in front. Default `attention`. */
  readonly site?: string;
}

/** The members of `AttendHeadsOptions`. */
export const attendHeadsOptions = ["mask", "dropout", "site"] as const;

/** How heads attend, the mask with all that belongs to it. */
export interface Attending extends Omit<AttendHeadsOptions, "mask"> {
  readonly mask: Mask | null;
  /** The slot of the first query, where it is known only when the graph runs. */
  readonly from?: Tensor;
}

/** Heads that attend, and their contexts side by side through the output's projection: (B, T, O). */
export function attendHeads(
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  query: Tensor,
  { keys, values }: HeadMemory<Tensor>,
  { mask, dropout, site, from }: Attending,
): Tensor {
  const { scale, softCap } = config.scores ?? {};
  const scoreMod = scoreModOf(params, config, from);
  const normalize = normalizeOf(params, config);
  const { context } = attention({
    query,
    keys,
    values,
    ...(mask ? { mask } : {}),
    ...(scale === undefined ? {} : { scale }),
    ...(softCap === undefined ? {} : { softCap }),
    ...(scoreMod ? { scoreMod } : {}),
    ...(normalize ? { normalize } : {}),
    ...(dropout ? { dropout } : {}),
    ...(site === undefined ? {} : { site }),
  });
  const [B, T, H, E] = context.shape as readonly [number, number, number, number];
  return linear(params.output, reshape(context, [B, T, H * E]));
}

/** The call's mask, the window and the rows' starts; null where all pairs may meet. */
export function allOf(config: MultiHeadConfig, { mask }: AttendHeadsOptions, starts?: Tensor): Mask | null {
  const masks = [windowOf(config), mask, starts && fromStarts(starts)].filter((m) => m !== undefined && m !== null);
  return masks.length === 0 ? null : and(...masks);
}

/** What is done to capped scores before bias and mask: heads mixed, positions added. */
function scoreModOf(
  params: MultiHeadParams<Tensor>,
  { positions }: MultiHeadConfig,
  from: Tensor | undefined,
): ScoreMod | null {
  const mixture = params.talkingHeads?.scores;
  if (!mixture && !positions?.bias) return null;
  return (scores, at) => {
    const mixed = mixture ? mixHeads(scores, mixture) : scores;
    const bias = positions?.bias?.((params.positions ?? {}) as never, from ? shiftQueries(at, from) : at);
    return bias ? add(mixed, bias) : mixed;
  };
}

/** From masked scores to weights, where that is not the softmax alone. */
function normalizeOf(params: MultiHeadParams<Tensor>, { normalizer }: MultiHeadConfig): RowNormalizer | null {
  const mixture = params.talkingHeads?.weights;
  if (!mixture && !normalizer) return null;
  return (scores, allowed) => {
    const weights = normalizer
      ? normalizer.normalize((params.normalizer ?? {}) as never, scores, allowed)
      : maskedSoftmax(scores, allowed);
    return mixture ? mixHeads(weights, mixture) : weights;
  };
}
