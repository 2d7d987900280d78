// Gradient times weights: the weights that speak for a result, and the relevance of inputs that follows from them.

import { inputError } from "../../core/errors.ts";
import { kindOf, type NdArray } from "../../core/ndarray.ts";
import { matrixProducts } from "./rollout.ts";
import { checkSameShape, fromIndex, hostFloats, hostLayers, hostWeights, type HostWeights } from "./weights.ts";

/** Weights of one attention and the gradients of a scalar with respect to them, as `weightGradients` gives them by site. */
export type WeightsAndGradients = {
  /** float32 (B, H, T, S). */
  readonly weights: NdArray;
  /** float32 (B, H, T, S). */
  readonly gradients: NdArray;
};

/**
 * The mean over heads of the positive part of gradient times weight: A' = E_h((dL/dA * A)⁺).
 *
 * @param weights - float32 (B, H, T, S).
 * @param gradients - of a scalar with respect to the weights, the same shape: of the logit or log-probability that is to be
 *   explained, summed over the batch. `weightGradients` makes both.
 * @returns float32 (B, T, S). A NaN is passed on.
 * @throws HeedError when the two differ in shape.
 * Source: Chefer, Gur and Wolf 2021 (arXiv:2103.15679), eq. 5.
 */
export function gradientTimesWeights(weights: NdArray, gradients: NdArray): NdArray {
  const where = "gradientTimesWeights";
  const host = hostWeights(where, "weights", weights);
  const slopes = hostFloats(where, "gradients", gradients, "B H T S");
  checkSameShape(where, ["gradients", gradients], ["weights", weights]);
  const { batchSize, queryLength, keyLength } = host.sizes;
  const positive = positivePart(host, slopes);
  return fromIndex([batchSize, queryLength, keyLength], (i) => positive[i]!);
}

/**
 * The relevance of each input for each position through layers of self-attention: R starts as the identity, and every layer
 * adds A' R to it, with A' as in `gradientTimesWeights`.
 *
 * Unlike in `rollout` rows are not normalized: what is read is the row of the position that the result was computed from, for
 * instance of the first token.
 *
 * @param layers - weights and gradients, float32 (B, H, T, T) each, the lowest layer first.
 * @returns float32 (B, T, T): row, a position after the last layer; column, an input.
 * @throws HeedError when layers disagree in B or T, or gradients have another shape than weights.
 * Source: Chefer, Gur and Wolf 2021 (arXiv:2103.15679), eq. 5 and 6, self-attention alone.
 */
export function relevanceRollout(layers: readonly WeightsAndGradients[]): NdArray {
  const where = "relevanceRollout";
  if (!Array.isArray(layers))
    throw inputError(where, "the layers must be a list of { weights, gradients }", kindOf(layers));
  const given = layers as readonly WeightsAndGradients[];
  const hosts = hostLayers(where, given.map(({ weights }) => weights)); // prettier-ignore
  const { batchSize: B, queryLength: T } = hosts[0]!.sizes;
  const relevance = new Float64Array(B * T * T);
  for (let row = 0; row < B * T; row++) relevance[row * T + (row % T)] = 1;
  given.forEach(({ weights, gradients }, i) => {
    const slopes = hostFloats(where, `gradients of layer ${i}`, gradients, "B H T S");
    checkSameShape(where, [`gradients of layer ${i}`, gradients], ["weights", weights]);
    const added = matrixProducts(positivePart(hosts[i]!, slopes), relevance, B, T);
    added.forEach((value, k) => (relevance[k]! += value));
  });
  return fromIndex([B, T, T], (i) => relevance[i]!);
}

/** (B, T, S) in float64. */
function positivePart({ data, sizes }: HostWeights, slopes: Float32Array): Float64Array {
  const { batchSize, headCount, queryLength, keyLength } = sizes;
  const pairs = queryLength * keyLength;
  const out = new Float64Array(batchSize * pairs);
  for (let i = 0; i < data.length; i++)
    out[Math.floor(i / (headCount * pairs)) * pairs + (i % pairs)]! += Math.max(0, slopes[i]! * data[i]!) / headCount;
  return out;
}
