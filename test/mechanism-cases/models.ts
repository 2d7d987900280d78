// The models that attend, small: logits and weights of each, and all gradients. Their names begin with their folder's.

import { NdArray } from "../../src/core/ndarray.ts";
import { rng } from "../../src/core/random.ts";
import { mapTree } from "../../src/core/tree.ts";
import type { LanguageModelConfig } from "../../src/models/language-model/config.ts";
import { initLanguageModel, languageModelLogits } from "../../src/models/language-model/model.ts";
import { pairArrays } from "../../src/models/seq2seq/batches.ts";
import type { Seq2SeqConfig } from "../../src/models/seq2seq/config.ts";
import { forced, initSeq2Seq } from "../../src/models/seq2seq/model.ts";
import type { TransformerConfig } from "../../src/models/transformer/config.ts";
import { initTransformer, transformerForced } from "../../src/models/transformer/model.ts";
import { mechanismCase, type MechanismCase } from "../mechanism-suite.ts";
import { ints } from "./samples.ts";

const { source, sourceMask, previous } = pairArrays([
  { source: [3, 4, 5, 6], target: [3, 7] },
  { source: [7, 3], target: [5] },
]);
const batch = { source, sourceMask: sourceMask!, previous };

/** Parameters three times as large as training begins with, so that weights differ from position to position. */
function grown<P>(params: P): P {
  return mapTree<unknown, NdArray, NdArray>(
    params,
    ({ dtype, shape, data }) =>
    new NdArray(dtype, shape, (data as Float32Array).map((x) => 3 * x)), // prettier-ignore
  ) as P;
}

function recurrent(attention: Seq2SeqConfig["attention"], inputFeeding: boolean): MechanismCase {
  const config: Seq2SeqConfig = {
    sourceCount: 8,
    targetCount: 9,
    embeddingSize: 4,
    encoderSize: 3,
    encoderLayers: 1,
    decoderSize: 6,
    attentionalSize: 5,
    attention,
    alignmentSize: 4,
    inputFeeding,
  };
  const inputs = { params: grown(initSeq2Seq(config, rng(101))), ...batch };
  return mechanismCase(
    `seq2seq, ${attention}`,
    [],
    inputs,
    ({ params, source: s, sourceMask: m, previous: before }) => {
      const { logits, weights } = forced(config, params as never, s, m, before);
      return { logits, weights: weights ?? undefined };
    },
  );
}

const small = {
  modelSize: 8,
  headCount: 2,
  innerSize: 6,
  positions: "sinusoidal",
  activation: "relu",
  norm: "pre",
  tiedOutput: false,
} as const;
const other = { ...small, positions: "rotary", activation: "gelu", norm: "post", tiedOutput: true } as const;

function transformer(name: string, choices: Pick<TransformerConfig, keyof typeof small>): MechanismCase {
  const config = { ...choices, sourceCount: 8, targetCount: 9, encoderLayers: 1, decoderLayers: 1 };
  const inputs = { params: grown(initTransformer(config, rng(102))), ...batch };
  return mechanismCase(`transformer, ${name}`, [], inputs, ({ params, source: s, sourceMask: m, previous: before }) => {
    const { logits, weights } = transformerForced(config, params as never, s, m, before);
    return { logits, weights };
  });
}

const languageConfig: LanguageModelConfig = { ...small, count: 7, layerCount: 2 };

/** All of them. */
export const modelCases: readonly MechanismCase[] = [
  recurrent("additive", true),
  recurrent("dot", false),
  recurrent("coverage", true),
  transformer("before the layers, relu", small),
  transformer("after the layers, gelu, rotary", other),
  mechanismCase(
    "language-model",
    [],
    { params: grown(initLanguageModel(languageConfig, rng(103))), ids: ints([2, 5], [1, 2, 3, 4, 5, 6, 0, 1, 3, 2]) },
    ({ params, ids }) => ({ logits: languageModelLogits(languageConfig, params as never, ids) }),
  ),
];
