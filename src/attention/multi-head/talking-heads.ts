// Talking heads: the heads' scores, and their weights, as mixtures of one another.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { reshape, transpose } from "../../core/ops/movement.ts";
import type { Tensor } from "../../core/tensor.ts";

/**
 * Which of the two mixtures a layer has.
 *
 * Scaled and capped scores are mixed before positions, bias and mask are added to them; weights after the softmax and before
 * dropout. A pair that is blocked in every head stays without weight; under a mask that differs by head, a head sees through
 * the others'.
 *
 * Source: Shazeer et al. 2020 (arXiv:2003.02436), section 4. Differs: keys, softmax and values have one number of heads.
 */
export interface TalkingHeads {
  /** Scores, before the softmax. Default true. */
  readonly scores?: boolean;
  /** Weights, after it. Default true. */
  readonly weights?: boolean;
}

/** Mixtures (H, H), from the heads of the first axis to those of the second. */
export type TalkingHeadsParams<T> = { readonly scores?: T; readonly weights?: T };

/** Refuses options that are none. */
export function checkTalkingHeads(where: string, options: TalkingHeads): void {
  checkOptions(`${where}: talkingHeads`, options, ["scores", "weights"]);
  for (const name of ["scores", "weights"] as const)
    if (options[name] !== undefined && typeof options[name] !== "boolean")
      throw optionError(where, `talkingHeads.${name} must be true or false`, kindOf(options[name]));
}

/** Identities: the layer begins as one without. */
export function initTalkingHeads(
  { scores = true, weights = true }: TalkingHeads,
  headCount: number,
): TalkingHeadsParams<NdArray> {
  const identity = (): NdArray =>
    new NdArray(
      "float32",
      [headCount, headCount],
      Float32Array.from({ length: headCount ** 2 }, (_, i) => Number(i % (headCount + 1) === 0)),
    );
  return { ...(scores ? { scores: identity() } : {}), ...(weights ? { weights: identity() } : {}) };
}

/** x (B, H, T, S), mixture (H, H) -> (B, H, T, S): head j of the result is the sum of heads i times mixture[i, j]. */
export function mixHeads(x: Tensor, mixture: Tensor): Tensor {
  const [B, H, T, S] = x.shape as readonly [number, number, number, number];
  return reshape(matmul(transpose(mixture), reshape(x, [B, H, T * S])), x.shape);
}
