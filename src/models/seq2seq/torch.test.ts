// One training step of the whole network against torch: loss, logits, weights and the gradient of every parameter.
// The file is written by tools/golden/seq2seq.py.

import { test } from "vitest";
import { checkGolden, readGolden } from "../../../test/golden.ts";
import { NdArray } from "../../core/ndarray.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import { embeddingFromTorch, linearFromTorch } from "../../nn/torch.ts";
import { biLstmFromTorch, lstmFromTorch } from "../../nn/torch-recurrent.ts";
import { crossEntropy } from "../../train/losses.ts";
import type { Seq2SeqConfig } from "./config.ts";
import { forced, type Seq2SeqParams } from "./model.ts";

type Arrays = Readonly<Record<string, NdArray>>;

const sizes = {
  sourceCount: 6,
  targetCount: 7,
  embeddingSize: 3,
  encoderSize: 2,
  decoderSize: 4,
  attentionalSize: 3,
  alignmentSize: 3,
};

const configs: Readonly<Record<string, Seq2SeqConfig & { readonly smoothing: number }>> = {
  "additive, input feeding, two layers, smoothing": {
    ...sizes,
    encoderLayers: 2,
    attention: "additive",
    inputFeeding: true,
    smoothing: 0.1,
  },
  "dot, one layer": { ...sizes, encoderLayers: 1, attention: "dot", inputFeeding: false, smoothing: 0 },
  "none, input feeding, one layer": { ...sizes, encoderLayers: 1, attention: "none", inputFeeding: true, smoothing: 0 },
};

/** Rows `from` up to `to` of a matrix. */
function rows(a: NdArray, from: number, to: number): NdArray {
  const width = a.shape[1]!;
  return new NdArray(a.dtype, [to - from, width], a.data.slice(from * width, to * width));
}

function load(config: Seq2SeqConfig, state: Arrays, dtype: "float32" | "float64"): Seq2SeqParams<NdArray> {
  const linear = (name: string): ReturnType<typeof linearFromTorch> => linearFromTorch(state, name, { dtype });
  // torch's cell reads [embedding; attentional vector] at once; we keep the two parts of its weight apart.
  const cell = Object.fromEntries(
    Object.entries(state).flatMap(([name, a]) => (name.startsWith("decoder.") ? [[`${name}_l0`, a]] : [])),
  );
  const decoder = lstmFromTorch(cell, "decoder", { dtype })[0]!;
  const E = config.embeddingSize;
  const scoreOf = (): Tree<NdArray> => {
    const score = state["score"];
    if (!score) return {};
    return { query: linear("query"), key: linear("key"), score: new NdArray(dtype, [score.size, 1], score.data) };
  };
  return {
    source: embeddingFromTorch(state, "source", { dtype }),
    encoder: biLstmFromTorch(state, "encoder", { dtype }),
    bridge: { hidden: linear("bridge_hidden"), cell: linear("bridge_cell") },
    target: embeddingFromTorch(state, "target", { dtype }),
    decoder: { ...decoder, input: rows(decoder.input, 0, E) },
    ...(config.inputFeeding ? { feed: rows(decoder.input, E, decoder.input.shape[0]!) } : {}),
    ...(config.attention === "none"
      ? {}
      : { attention: { score: scoreOf(), window: {}, normalizer: {}, selection: {} } }),
    combine: linear("combine"),
    output: linear("output"),
  };
}

/** Each of torch's two biases has the gradient of their sum, which is our bias: one of them is enough. */
function oneBias(grads: Arrays): Arrays {
  return Object.fromEntries(
    Object.entries(grads).map(([name, a]) => [
      name,
      name.includes("bias_hh") ? new NdArray(a.dtype, a.shape, new Float64Array(a.size)) : a,
    ]),
  );
}

test.each(Object.entries(readGolden("src/models/seq2seq/golden/step.json")))("%s: a step equals torch's", (name, c) => {
  const { smoothing, ...config } = configs[name]!;
  return checkGolden(c, {
    gradState: oneBias,
    load: (state, dtype) => load(config, state, dtype),
    apply: (params: Seq2SeqParams<Tensor>, { source, mask, previous, target, targetMask }) => {
      const { logits, weights } = forced(config, params, source!, mask!, previous!);
      const { loss } = crossEntropy(logits, target!, { mask: targetMask!, smoothing });
      return { loss, logits, ...(weights ? { weights } : {}) };
    },
  });
});
