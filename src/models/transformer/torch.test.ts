// The Transformer against torch's own layers in float64, a training step with the gradient of every parameter; and the language
// model of the same layers. The file is written by tools/golden/transformer.py.

import { describe, expect, test } from "vitest";
import { largestError } from "../../../test/close.ts";
import { checkGolden, goldenArray, goldenState, onCpu, readGolden } from "../../../test/golden.ts";
import type { MultiHeadParams } from "../../attention/multi-head/params.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { split } from "../../core/ops/concat.ts";
import { transpose } from "../../core/ops/movement.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { LayerNormParams } from "../../nn/layer-norm.ts";
import type { LinearParams } from "../../nn/linear.ts";
import { crossEntropy } from "../../train/losses.ts";
import type { LanguageModelConfig } from "../language-model/config.ts";
import { languageModelLogits } from "../language-model/model.ts";
import type { TransformerConfig } from "./config.ts";
import type { SymbolParams } from "./embed.ts";
import type { CrossLayerParams, SelfLayerParams } from "./layers.ts";
import { transformerForced } from "./model.ts";

type Named = Readonly<Record<string, Tensor>>;

const golden = readGolden("src/models/transformer/golden/transformer.json");
const sizes = { modelSize: 4, headCount: 2, innerSize: 6 };
const translation = { ...sizes, sourceCount: 6, targetCount: 7, encoderLayers: 2, decoderLayers: 2 };
const language = { ...sizes, count: 7, layerCount: 2 };

// Parameters stay in torch's tree, so that the biases of a layer's three projections are one leaf: the gradient of the keys' is 0,
// and an error of rounding is small beside the others', not beside 0.
const linear = (p: Named, name: string): LinearParams<Tensor> => ({
  weight: transpose(p[`${name}.weight`]!),
  bias: p[`${name}.bias`]!,
});
const norm = (p: Named, name: string): LayerNormParams<Tensor> => ({
  scale: p[`${name}.weight`]!,
  bias: p[`${name}.bias`]!,
});

function multiHead(p: Named, name: string): MultiHeadParams<Tensor> {
  const weights = split(p[`${name}.in_proj_weight`]!, 3, 0).map((w) => transpose(w));
  const biases = split(p[`${name}.in_proj_bias`]!, 3, 0);
  const [query, key, value] = weights.map((weight, i) => ({ weight, bias: biases[i]! }));
  return { query: query!, key: key!, value: value!, output: linear(p, `${name}.out_proj`) };
}

function selfLayer(p: Named, name: string, last: number): SelfLayerParams<Tensor> {
  return {
    self: multiHead(p, `${name}.self_attn`),
    selfNorm: norm(p, `${name}.norm1`),
    feedForward: { expand: linear(p, `${name}.linear1`), contract: linear(p, `${name}.linear2`) },
    feedForwardNorm: norm(p, `${name}.norm${last}`),
  };
}

function crossLayer(p: Named, name: string): CrossLayerParams<Tensor> {
  return {
    ...selfLayer(p, name, 3),
    cross: multiHead(p, `${name}.multihead_attn`),
    crossNorm: norm(p, `${name}.norm2`),
  };
}

function symbols(p: Named, name: string): SymbolParams<Tensor> {
  const positions = p[`${name}.positions.weight`];
  return {
    symbols: { weight: p[`${name}.symbols.weight`]! },
    ...(positions ? { positions: { weight: positions } } : {}),
  };
}

const translations: Readonly<Record<string, TransformerConfig & { readonly smoothing: number }>> = {
  "pre, relu, sinusoidal, smoothing": {
    ...translation,
    norm: "pre",
    activation: "relu",
    positions: "sinusoidal",
    tiedOutput: false,
    smoothing: 0.1,
  },
  "post, gelu, learned, tied": {
    ...translation,
    norm: "post",
    activation: "gelu",
    positions: "learned",
    positionCount: 5,
    tiedOutput: true,
    smoothing: 0,
  },
};

const languages: Readonly<Record<string, LanguageModelConfig>> = {
  "language model, pre, gelu, learned, tied": {
    ...language,
    norm: "pre",
    activation: "gelu",
    positions: "learned",
    positionCount: 5,
    tiedOutput: true,
  },
  "language model, post, relu, sinusoidal": {
    ...language,
    norm: "post",
    activation: "relu",
    positions: "sinusoidal",
    tiedOutput: false,
  },
};

const applied: Readonly<Record<string, (p: Named, inputs: Named) => Named>> = {
  ...Object.fromEntries(
    Object.entries(translations).map(([name, { smoothing, ...config }]) => [
      name,
      (p: Named, { source, mask, previous, target, targetMask }: Named): Named => {
        const params = {
          source: symbols(p, "source"),
          encoder: [0, 1].map((i) => selfLayer(p, `encoder.${i}`, 2)),
          target: symbols(p, "target"),
          decoder: [0, 1].map((i) => crossLayer(p, `decoder.${i}`)),
          ...(config.norm === "pre"
            ? { encoderNorm: norm(p, "encoder_norm"), decoderNorm: norm(p, "decoder_norm") }
            : {}),
          ...(config.tiedOutput ? {} : { output: linear(p, "output") }),
        };
        const { logits, weights } = transformerForced(config, params, source!, mask!, previous!);
        const { loss } = crossEntropy(logits, target!, { mask: targetMask!, smoothing });
        return { loss, logits, weights };
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(languages).map(([name, config]) => [
      name,
      (p: Named, { ids }: Named): Named => {
        const params = {
          token: symbols(p, "token"),
          layers: [0, 1].map((i) => selfLayer(p, `layers.${i}`, 2)),
          ...(config.norm === "pre" ? { norm: norm(p, "norm") } : {}),
          ...(config.tiedOutput ? {} : { output: linear(p, "output") }),
        };
        return { logits: languageModelLogits(config, params, ids!) };
      },
    ]),
  ),
};

describe.each(Object.entries(golden))("%s", (name, { single, ...c }) => {
  const apply = applied[name]! as never;

  test("outputs and all gradients equal torch's", () =>
    checkGolden<Readonly<Record<string, NdArray>>>(c, { load: (state) => state, apply }));

  // The line of one mechanism, two times torch's error, is too near for a whole network: what a layer rounds the next ones spread.
  test("outputs are off by no more than some times what torch's own float32 is off by", async () => {
    const got = await onCpu(apply, goldenState(c.params), goldenState(c.inputs));
    for (const [output, torchError] of Object.entries(single!.outputs)) {
      const wanted = goldenArray(c.outputs[output]!, "float64").data as Float64Array;
      const { error, scale } = largestError(got.get(output)!.data, wanted);
      expect(error).toBeLessThan(8 * Math.max(torchError, scale * 2 ** -24));
    }
  });
});

test("every case of the file is read", () => {
  expect(Object.keys(golden)).toEqual([...Object.keys(translations), ...Object.keys(languages)]);
});
