// Layers against torch in float64: outputs and all gradients, through the importers. The files are written by tools/golden/nn.py.

import { describe, test } from "vitest";
import { NdArray } from "../core/ndarray.ts";
import type { Tensor } from "../core/tensor.ts";
import { split, stack, unstack } from "../core/ops/concat.ts";
import { checkGolden, readGolden, type GoldenCheck } from "../../test/golden.ts";
import { biGru, gru, type BiGruParams, type GruOptions, type GruParams } from "./gru.ts";
import { embedding, type EmbeddingParams } from "./embedding.ts";
import { layerNorm, type LayerNormParams } from "./layer-norm.ts";
import { linear, type LinearParams } from "./linear.ts";
import { biLstm, lstm, type BiLstmParams, type LstmParams } from "./lstm.ts";
import { stackLayers, type LayerResult } from "./stack.ts";
import { embeddingFromTorch, layerNormFromTorch, linearFromTorch } from "./torch.ts";
import { biGruFromTorch, biLstmFromTorch, gruFromTorch, lstmFromTorch } from "./torch-recurrent.ts";
import type { TorchOptions } from "./torch-state.ts";

type Named = Readonly<Record<string, Tensor>>;
type Arrays = Readonly<Record<string, NdArray>>;

describe("linear, embedding and layer norm equal torch's", () => {
  const cases = readGolden("src/nn/golden/layers.json");
  const linearCheck: GoldenCheck<LinearParams<NdArray>> = {
    load: (state, dtype) => linearFromTorch(state, "", { dtype }),
    apply: (params: LinearParams<Tensor>, { x }) => ({ y: linear(params, x!) }),
  };
  test("linear", () => checkGolden(cases["linear"]!, linearCheck));
  test("linear without bias", () => checkGolden(cases["linear without bias"]!, linearCheck));
  test("embedding", () =>
    checkGolden(cases["embedding"]!, {
      load: (state, dtype) => embeddingFromTorch(state, "", { dtype }),
      apply: (params: EmbeddingParams<Tensor>, { indices }) => ({ y: embedding(params, indices!) }),
    }));
  const normCheck = (epsilon?: number): GoldenCheck<LayerNormParams<NdArray>> => ({
    load: (state, dtype) => layerNormFromTorch(state, "", { dtype }),
    apply: (params: LayerNormParams<Tensor>, { x }) => ({
      y: layerNorm(params, x!, epsilon === undefined ? {} : { epsilon }),
    }),
  });
  test("layer norm", () => checkGolden(cases["layer norm"]!, normCheck()));
  test("layer norm, epsilon 1e-12", () => checkGolden(cases["layer norm, epsilon 1e-12"]!, normCheck(1e-12)));
});

/** Each torch bias has the gradient of their sum: keep one where ours is one, so that the importer does not double it. */
function oneBias(grads: Arrays, kept: (index: number, size: number) => boolean): Arrays {
  return Object.fromEntries(
    Object.entries(grads).map(([name, a]) => [
      name,
      name.startsWith("bias_hh")
        ? new NdArray(
            "float64",
            a.shape,
            (a.data as Float64Array).map((v, i) => (kept(i, a.size) ? v : 0)),
          )
        : a,
    ]),
  );
}

/** torch's initial states (layers * directions, B, H), one a row; null where there are none. */
function initialStates({ hidden, cell }: Named): readonly Named[] | null {
  if (!hidden) return null;
  const cells = cell ? unstack(cell, 0) : [];
  return unstack(hidden, 0).map((h, i) => ({ hidden: h, ...(cells[i] ? { cell: cells[i] } : {}) }));
}

/** A layer, in one direction or both, as far as this test looks at it. */
type Layer<P> = (params: P, x: Tensor, options: never) => LayerResult<Named>;

function recurrentCheck<A, P>(
  both: boolean,
  load: (state: Arrays, prefix: string, options: TorchOptions) => A,
  layer: Layer<P>,
  gradState: (grads: Arrays) => Arrays,
): GoldenCheck<A> {
  return {
    gradState,
    load: (state, dtype) => load(state, "", { dtype }),
    apply: (params: readonly P[], inputs) => {
      const states = initialStates(inputs);
      const { outputs, finals } = stackLayers(params, inputs["x"]!, (p, x, i) => {
        const initial = both ? { forward: states?.[2 * i], backward: states?.[2 * i + 1] } : states?.[i];
        return layer(p, x, { mask: inputs["mask"] ?? null, ...(states ? { initial } : {}) } as never);
      });
      // Our (B, 2H) of both directions are torch's two rows.
      const asRows = (name: string): Tensor =>
        stack(finals.flatMap((final) => (both ? split(final[name]!, 2) : [final[name]!])));
      return { outputs, hidden: asRows("hidden"), ...(finals[0]!["cell"] ? { cell: asRows("cell") } : {}) };
    },
  };
}

describe("LSTM equals torch's", () => {
  const gradState = (grads: Arrays): Arrays => oneBias(grads, () => false);
  const one = recurrentCheck<readonly LstmParams<NdArray>[], LstmParams<Tensor>>(false, lstmFromTorch, lstm, gradState);
  const both = recurrentCheck<readonly BiLstmParams<NdArray>[], BiLstmParams<Tensor>>(
    true,
    biLstmFromTorch,
    biLstm,
    gradState,
  );
  test.each(Object.entries(readGolden("src/nn/golden/lstm.json")))("%s", (name, c) =>
    name.includes("both") ? checkGolden(c, both) : checkGolden(c, one),
  );
});

describe("GRU equals torch's, and Cho's", () => {
  const gradState = (grads: Arrays): Arrays => oneBias(grads, (i, size) => i >= (2 * size) / 3);
  const one = recurrentCheck<readonly GruParams<NdArray>[], GruParams<Tensor>>(false, gruFromTorch, gru, gradState);
  const both = recurrentCheck<readonly BiGruParams<NdArray>[], BiGruParams<Tensor>>(
    true,
    biGruFromTorch,
    biGru,
    gradState,
  );
  const cho = recurrentCheck<readonly GruParams<NdArray>[], GruParams<Tensor>>(
    false,
    (own) => [{ input: own["input"]!, recurrent: own["recurrent"]!, bias: own["bias"]! }],
    (params, x, options: GruOptions) => gru(params, x, { ...options, reset: "before" }),
    (grads) => grads,
  );
  test.each(Object.entries(readGolden("src/nn/golden/gru.json")))("%s", (name, c) => {
    if (name.startsWith("reset before")) return checkGolden(c, cho);
    return name.includes("both") ? checkGolden(c, both) : checkGolden(c, one);
  });
});
