// A small Transformer with opinions, for tests: random parameters, larger than at the start of a training.

import { NdArray } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";
import { mapTree } from "../../core/tree.ts";
import type { TransformerConfig } from "./config.ts";
import { initTransformer, type TransformerParams } from "./model.ts";

/** Two layers a side. */
export const small: TransformerConfig = {
  sourceCount: 9,
  targetCount: 8,
  modelSize: 12,
  headCount: 3,
  innerSize: 10,
  encoderLayers: 2,
  decoderLayers: 2,
  positions: "sinusoidal",
  activation: "relu",
  norm: "pre",
  tiedOutput: false,
};

/** One configuration for each choice of the network. */
export const variants: Readonly<Record<string, TransformerConfig>> = {
  "pre, sinusoidal": small,
  "post, learned, gelu, tied": {
    ...small,
    positions: "learned",
    positionCount: 24,
    norm: "post",
    activation: "gelu",
    tiedOutput: true,
  },
  "pre, rotary, tied": { ...small, positions: "rotary", tiedOutput: true },
};

/** No parameter is at its beginning: zeros and ones would hide mistakes. */
export function opinionated<P>(params: P, seed: number): P {
  const draw = rng(seed);
  return mapTree<unknown, NdArray, NdArray>(params, (a, path) => {
    if (path.endsWith("scale")) return added(draw.normal(a.shape, 0.2), 1);
    if (path.endsWith("bias")) return draw.normal(a.shape, 0.3);
    const factor = path.startsWith("output") ? 8 : path.includes("symbols") ? 1.5 : 2;
    return new NdArray("float32", a.shape, (a.data as Float32Array).map((v) => factor * v)); // prettier-ignore
  }) as P;
}

/** Random parameters of a configuration. */
export function transformerOf(config: TransformerConfig, seed: number): TransformerParams<NdArray> {
  return opinionated(initTransformer(config, rng(seed)), seed + 1);
}

function added(a: NdArray, number: number): NdArray {
  return new NdArray("float32", a.shape, (a.data as Float32Array).map((v) => v + number)); // prettier-ignore
}
