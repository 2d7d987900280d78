// What an attention tells of itself to those who watch: its sizes, its cost, and its weights at any stage, made on demand.

import type { Tensor } from "../../core/tensor.ts";
import type { MaskSizes } from "../masks/mask.ts";

/** The kind under which attentions offer themselves. */
export const attentionKind = "attention";

/**
 * Where weights are looked at: scores before the mask; after bias and mask, where blocked ones are the lowest number;
 * as probabilities; as what the values were summed by, after dropout or a choice.
 */
export type WeightStage = "logits" | "masked" | "probs" | "dropped";

/** One attention in a function that is traced. Axes: B batch, H heads, T queries, S keys. */
export interface AttentionSite {
  /** For one step of a recurrent decoder H and T are 1. */
  readonly sizes: MaskSizes;
  /** Floating-point operations of the attention itself. */
  readonly flops: number;
  /** Bytes of all its scores in float32: what they take where they are held at once. */
  readonly scoreBytes: number;
  /** float32 (B, H, T, S), or (B, H, N, S) for N queries of interest. */
  weights(stage: WeightStage, queries?: readonly number[]): Tensor;
  /** In memory that does not grow with T x S. */
  summary(): WeightSummary;
}

/** What the rows of weights are like, each float32 (B, H, T). */
export type WeightSummary = {
  /** Nats: 0 for a row that looks at one key, log S for one that looks everywhere alike. */
  readonly entropy: Tensor;
  /** The largest weight. */
  readonly maximum: Tensor;
  /** The weight of the first key, where heads without anything to do tend to look (Xiao et al. 2023, arXiv:2309.17453). */
  readonly sink: Tensor;
  /** The mean distance |query - key| in positions, under the weights. */
  readonly distance: Tensor;
};
