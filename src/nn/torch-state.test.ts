// Importers from and exporters to torch: round trips, dtypes, and how a state dictionary that does not fit is refused.

import { describe, expect, test } from "vitest";
import { NdArray, zeros } from "../core/ndarray.ts";
import { rng } from "../core/random.ts";
import { leaves } from "../core/tree.ts";
import { float32ToFloat16 } from "../files/half.ts";
import { initEmbedding } from "./embedding.ts";
import { initGru } from "./gru.ts";
import { initLayerNorm } from "./layer-norm.ts";
import { initLinear } from "./linear.ts";
import { initBiLstm, initLstm } from "./lstm.ts";
import {
  embeddingFromTorch,
  embeddingToTorch,
  layerNormFromTorch,
  layerNormToTorch,
  linearFromTorch,
  linearToTorch,
} from "./torch.ts";
import {
  biGruFromTorch,
  biLstmFromTorch,
  gruFromTorch,
  gruToTorch,
  lstmFromTorch,
  lstmToTorch,
} from "./torch-recurrent.ts";

const numbers = (a: NdArray): readonly number[] => [...(a.data as Float32Array)];

describe("parameters to torch and back", () => {
  const bi = initBiLstm({ inSize: 3, size: 2 }, rng(4));
  const second = initBiLstm({ inSize: 4, size: 2 }, rng(5));
  const gruLayers = [initGru({ inSize: 3, size: 2 }, rng(6)), initGru({ inSize: 2, size: 2 }, rng(7))];
  test.each([
    ["linear", initLinear({ inSize: 3, outSize: 2 }, rng(1)), linearToTorch, linearFromTorch],
    ["embedding", initEmbedding({ count: 3, size: 2 }, rng(2)), embeddingToTorch, embeddingFromTorch],
    ["layer norm", initLayerNorm({ size: 3 }), layerNormToTorch, layerNormFromTorch],
    ["lstm", [initLstm({ inSize: 3, size: 2 }, rng(3))], lstmToTorch, lstmFromTorch],
    ["lstm in both directions", [bi, second], lstmToTorch, biLstmFromTorch],
    ["gru", gruLayers, gruToTorch, gruFromTorch],
    ["gru in both directions", [{ forward: gruLayers[0]!, backward: gruLayers[0]! }], gruToTorch, biGruFromTorch],
  ])("%s", (_, params, to, from) => {
    const state = (to as (p: unknown, prefix: string) => Record<string, NdArray>)(params, "a.b");
    expect(Object.keys(state).every((name) => name.startsWith("a.b."))).toBe(true);
    const back = (from as (s: unknown, prefix: string) => unknown)(new Map(Object.entries(state)), "a.b");
    const flat = (tree: unknown): unknown => leaves<NdArray>(tree).map(([path, a]) => [path, a.shape, numbers(a)]);
    expect(flat(back)).toEqual(flat(params));
  });

  test("half floats become float32; float64 keeps its digits on request; biases that torch lacks are zeros", () => {
    const weight = new NdArray("float16", [1, 2], float32ToFloat16(Float32Array.of(0.5, -2)));
    expect(linearFromTorch({ weight }).weight.toString()).toBe("float32[2, 1]");
    expect(numbers(linearFromTorch({ weight }).weight)).toEqual([0.5, -2]);
    const fine = new NdArray("float64", [1, 1], Float64Array.of(0.1));
    expect(linearFromTorch({ weight: fine }).weight.data[0]).toBe(Math.fround(0.1));
    expect(linearFromTorch({ weight: fine }, "", { dtype: "float64" }).weight.data[0]).toBe(0.1);
    expect(numbers(layerNormFromTorch({ weight: zeros([3]) }).bias)).toEqual([0, 0, 0]);
    const bare = { weight_ih_l0: zeros([8, 3]), weight_hh_l0: zeros([8, 2]) };
    expect(lstmFromTorch(bare)[0]!.bias.toString()).toBe("float32[8]");
  });

  const lstmState = (): Record<string, NdArray> => lstmToTorch([initLstm({ inSize: 3, size: 2 }, rng(3))], "rnn");
  const without = (name: string): Record<string, NdArray> =>
    Object.fromEntries(Object.entries(lstmState()).filter(([n]) => n !== name));
  test.each([
    [
      "a missing tensor",
      () => linearFromTorch({ "out.wait": zeros([2]) }, "out"),
      "linearFromTorch: a tensor named out.weight (out, in) is required, got only out.wait",
    ],
    ["an empty module", () => linearFromTorch({ weight: zeros([2, 2]) }, "out"), "got no name under out."],
    [
      "another rank",
      () => linearFromTorch({ weight: zeros([2]) }),
      "weight must be (out, in), here [any, any], got float32[2]",
    ],
    [
      "a bias of another size",
      () => linearFromTorch({ weight: zeros([2, 3]), bias: zeros([3]) }),
      "bias must be (out), here [2], got float32[3]",
    ],
    [
      "an unknown tensor",
      () => embeddingFromTorch({ weight: zeros([2, 3]), scale: zeros([3]) }),
      "every tensor of the module must have a place, got unknown scale",
    ],
    [
      "integers",
      () => embeddingFromTorch({ weight: zeros([2, 3], "int32") }),
      "weight must be of floating point, got int32",
    ],
    ["a norm over two axes", () => layerNormFromTorch({ weight: zeros([2, 3]) }), "weight must be (N), over one axis"],
    [
      "a missing recurrent weight",
      () => lstmFromTorch(without("rnn.weight_hh_l0"), "rnn"),
      "lstmFromTorch: a tensor named rnn.weight_hh_l0 (4H, H) is required, got only rnn.weight_ih_l0, rnn.bias_ih_l0, rnn.bias_hh_l0",
    ],
    ["one bias of two", () => lstmFromTorch(without("rnn.bias_hh_l0"), "rnn"), "rnn.bias_hh_l0 (4H) is required"],
    [
      "an LSTM as a GRU",
      () => gruFromTorch(lstmState(), "rnn"),
      "rnn.weight_hh_l0 must be (3H, H), here [6, 2], got float32[8, 2]",
    ],
    [
      "both directions as one",
      () => lstmFromTorch(lstmToTorch([bi])),
      "a network in one direction is required, got one in both directions. Use the importer of both directions.",
    ],
    [
      "one direction as both",
      () => biLstmFromTorch(lstmState(), "rnn"),
      "a network in both directions is required, got one in one direction",
    ],
    [
      "a gap between layers",
      () => lstmFromTorch({ ...lstmToTorch([initLstm({ inSize: 3, size: 2 }, rng(3))]), weight_ih_l2: zeros([8, 2]) }),
      "unknown weight_ih_l2",
    ],
    [
      "a layer that does not fit the one below",
      () =>
        lstmFromTorch(
          lstmToTorch([initLstm({ inSize: 3, size: 2 }, rng(3)), initLstm({ inSize: 3, size: 2 }, rng(4))]),
        ),
      "weight_ih_l1 must be (4H, inputs), here [8, 2], got float32[8, 3]",
    ],
    [
      "a projection",
      () => lstmFromTorch({ ...lstmState(), "rnn.weight_hr_l0": zeros([1, 2]) }, "rnn"),
      "a network without projections is required",
    ],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(message);
  });

  test("leaves the modules inside a module alone", () => {
    const state = { "a.weight": zeros([2, 3]), "a.inner.weight": zeros([5]), b: zeros([1]) };
    expect(linearFromTorch(state, "a").weight.shape).toEqual([3, 2]);
  });
});
