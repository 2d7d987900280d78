// Parameters of multi-head attention, and how they begin.

import { NdArray } from "../../core/ndarray.ts";
import type { Rng } from "../../core/random.ts";
import type { LinearParams } from "../../nn/linear.ts";
import { checkMultiHeadConfig, type MultiHeadConfig, type MultiHeadSizes, type PartParams } from "./config.ts";
import { initTalkingHeads, type TalkingHeadsParams } from "./talking-heads.ts";

/**
 * Four projections, and what the mechanisms that were passed in have. Head h has columns h D to (h + 1) D of a projection.
 *
 * Axes: N, K, V, O sizes of query, keys, values and output; H heads, G heads of keys and values; D, E their sizes.
 */
export type MultiHeadParams<T> = {
  /** weight (N, H D), bias (H D). */
  readonly query: LinearParams<T>;
  /** weight (K, G D), bias (G D). */
  readonly key: LinearParams<T>;
  /** weight (V, G E), bias (G E). */
  readonly value: LinearParams<T>;
  /** weight (H E, O), bias (O). */
  readonly output: LinearParams<T>;
  readonly queryNorm?: PartParams<T>;
  readonly keyNorm?: PartParams<T>;
  readonly positions?: PartParams<T>;
  readonly normalizer?: PartParams<T>;
  readonly talkingHeads?: TalkingHeadsParams<T>;
};

/**
 * Parameters as torch's `nn.MultiheadAttention` begins: projections of query, keys and values uniform in
 * ±sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010), where the three of one input size count as one matrix, as torch
 * packs them; the output's weight uniform in ±1/sqrt(H E), as `nn.Linear`; all biases 0. Keras begins each of its four
 * kernels Glorot-uniform by itself.
 *
 * @throws HeedError naming the option that is unknown or out of range.
 */
export function initMultiHead(config: MultiHeadConfig, rng: Rng): MultiHeadParams<NdArray> {
  const sizes = checkMultiHeadConfig("initMultiHead", config);
  const { querySize, keySize, valueSize, outSize, headCount, keyHeadCount, headSize, valueHeadSize, bias } = sizes;
  const shapes = {
    query: [querySize, headCount * headSize],
    key: [keySize, keyHeadCount * headSize],
    value: [valueSize, keyHeadCount * valueHeadSize],
  } as const;
  const isPacked = querySize === keySize && keySize === valueSize;
  const packed = querySize + shapes.query[1] + shapes.key[1] + shapes.value[1];
  const projection = ([inSize, outs]: readonly [number, number], limit: number): LinearParams<NdArray> => ({
    weight: rng.uniform([inSize, outs], limit),
    ...(bias ? { bias: new NdArray("float32", [outs], new Float32Array(outs)) } : {}),
  });
  const input = (name: keyof typeof shapes): LinearParams<NdArray> =>
    projection(shapes[name], Math.sqrt(6 / (isPacked ? packed : shapes[name][0] + shapes[name][1])));
  const contextSize = headCount * valueHeadSize;
  return {
    query: input("query"),
    key: input("key"),
    value: input("value"),
    output: projection([contextSize, outSize], 1 / Math.sqrt(contextSize)),
    ...initMechanisms(config, sizes, rng),
  };
}

/** What the mechanisms that were passed in begin with. */
export function initMechanisms(
  { positions, qkNorm, normalizer, talkingHeads }: MultiHeadConfig,
  { querySize, headCount, headSize }: Required<MultiHeadSizes>,
  rng: Rng,
): Omit<MultiHeadParams<NdArray>, "query" | "key" | "value" | "output"> {
  const size = headSize;
  return {
    ...(qkNorm ? { queryNorm: qkNorm.init({ size }), keyNorm: qkNorm.init({ size }) } : {}),
    ...(positions ? { positions: positions.init({ querySize, headCount, headSize }, rng) } : {}),
    ...(normalizer
      ? { normalizer: normalizer.init({ querySize: size, keySize: size, alignmentSize: size }, rng) }
      : {}),
    ...(talkingHeads ? { talkingHeads: initTalkingHeads(talkingHeads, headCount) } : {}),
  };
}
