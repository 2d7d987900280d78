// Files and configurations of a Transformer: what is written comes back, and what cannot be is refused with the reason.

import { describe, expect, test } from "vitest";
import type { NdArray } from "../../core/ndarray.ts";
import { zeros } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";
import { leaves } from "../../core/tree.ts";
import { decodeSafetensors, encodeSafetensors } from "../../files/safetensors.ts";
import { encodeLanguageModel } from "../language-model/weights.ts";
import { initLanguageModel } from "../language-model/model.ts";
import { checkTransformerConfig } from "./config.ts";
import { small, variants } from "./example.cases.ts";
import { initTransformer } from "./model.ts";
import { decodeTransformer, encodeTransformer } from "./weights.ts";

const flat = (tree: unknown): unknown =>
  leaves<NdArray>(tree).map(([path, a]) => [path, a.shape, [...(a.data as Float32Array)]]);

describe.each(Object.entries(variants))("%s", (_name, config) => {
  const params = initTransformer(config, rng(1));
  const whole = encodeTransformer(params);

  test("comes back bit by bit, and from another draw it is other parameters", () => {
    expect(flat(decodeTransformer(config, whole, "m"))).toEqual(flat(params));
    expect(flat(initTransformer(config, rng(1)))).toEqual(flat(params));
    expect(flat(initTransformer(config, rng(2)))).not.toEqual(flat(params));
    expect(encodeTransformer(params, { storage: "float16" }).length).toBeLessThan(0.75 * whole.length);
  });

  test("is refused for another configuration, and when cut short", () => {
    for (const changes of [{ modelSize: 24 }, { decoderLayers: 1 }, { encoderLayers: 3 }, { targetCount: 9 }])
      expect(() => decodeTransformer({ ...config, ...changes }, whole, "m.safetensors")).toThrow(/^m.safetensors: /);
    for (let length = 0; length < whole.length; length += 997)
      expect(() => decodeTransformer(config, whole.subarray(0, length), "m.safetensors")).toThrow(/^m.safetensors: /);
  });
});

test("a file of another kind or version, or with other tensors is refused", () => {
  const whole = encodeTransformer(initTransformer(small, rng(1)));
  const forged = (change: (tensors: Map<string, NdArray>, metadata: Map<string, string>) => void): (() => unknown) => {
    const { tensors, metadata } = decodeSafetensors(whole, "model");
    change(tensors, metadata);
    return () => decodeTransformer(small, encodeSafetensors(tensors, Object.fromEntries(metadata)), "m");
  };
  expect(forged((_, m) => m.set("version", "9"))).toThrow('m: version 1 is required, got "9"');
  expect(forged((t) => t.delete("encoderNorm.bias"))).toThrow("m: tensor encoderNorm.bias float32[12] is required");
  expect(forged((t) => t.set("gate", zeros([1])))).toThrow('an unknown tensor "gate"');
  expect(forged((t) => (t.get("output.bias")!.data[0] = NaN))).toThrow("m: tensor output.bias must be finite");
  const { sourceCount, targetCount, encoderLayers, decoderLayers, ...layers } = small;
  const config = { ...layers, count: targetCount, layerCount: encoderLayers };
  const other = encodeLanguageModel(initLanguageModel(config, rng(1)));
  expect(() => decodeTransformer(small, other, "m")).toThrow(
    'm: the parameters of a transformer model are required, got "language-model"',
  );
  expect([sourceCount, decoderLayers]).toEqual([9, 2]);
});

describe("a configuration", () => {
  test.each(Object.entries(variants))("that is whole is taken as it is: %s", (_name, config) => {
    expect(checkTransformerConfig("c.json", { ...config })).toEqual(config);
  });

  test.each<readonly [string, unknown, string]>([
    ["null", null, "c.json: the configuration must be an object, got null"],
    ["a list", [], "c.json: options must be an object with sourceCount, targetCount, "],
    ["an unknown member", { ...small, heads: 2 }, 'got "heads"'],
    ["a size of 0", { ...small, modelSize: 0 }, "modelSize must be an integer from 1 to 8192, got 0"],
    ["a size that is a text", { ...small, innerSize: "2" }, "innerSize must be an integer from 1 to 32768"],
    ["a thousand layers", { ...small, encoderLayers: 1000 }, "encoderLayers must be an integer from 1 to 64, got 1000"],
    ["heads that do not divide", { ...small, headCount: 5 }, "headCount must divide modelSize, got 5 heads of 12"],
    [
      "other positions",
      { ...small, positions: "alibi" },
      'positions must be one of sinusoidal, learned, rotary, got "alibi"',
    ],
    ["another activation", { ...small, activation: "tanh" }, 'activation must be one of relu, gelu, got "tanh"'],
    ["another norm", { ...small, norm: true }, "norm must be one of pre, post, got true"],
    ["tying that is a number", { ...small, tiedOutput: 1 }, "tiedOutput must be true or false, got 1"],
    ["no table", { ...small, positions: "learned" }, "positionCount must be an integer from 1 to 65536, got undefined"],
    [
      "a table too many",
      { ...small, positionCount: 5 },
      "with sinusoidal positions there must be no positionCount, got 5",
    ],
    [
      "odd heads that are turned",
      { ...small, positions: "rotary", headCount: 4 },
      "modelSize / headCount must be even, got 3",
    ],
    ["an odd size", { ...small, modelSize: 9 }, "with sinusoidal positions modelSize must be even, got 9"],
  ])("%s is refused", (_, value, message) => {
    expect(() => checkTransformerConfig("c.json", value)).toThrow(message);
  });
});
