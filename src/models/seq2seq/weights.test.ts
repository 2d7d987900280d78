// Model files: what is written comes back, and a file that does not fit the configuration is refused with the file, the
// tensor and the reason named, without claiming memory on the word of the configuration.

import { describe, expect, test } from "vitest";
import { HeedError } from "../../core/errors.ts";
import { NdArray, zeros } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";
import { leaves } from "../../core/tree.ts";
import { decodeSafetensors, encodeSafetensors } from "../../files/safetensors.ts";
import { checkSeq2SeqConfig, type Seq2SeqConfig } from "./config.ts";
import { initSeq2Seq } from "./model.ts";
import { decodeSeq2Seq, encodeSeq2Seq } from "./weights.ts";

const config: Seq2SeqConfig = {
  sourceCount: 5,
  targetCount: 6,
  embeddingSize: 3,
  encoderSize: 2,
  encoderLayers: 2,
  decoderSize: 4,
  attentionalSize: 3,
  attention: "additive",
  alignmentSize: 3,
  inputFeeding: true,
};
const params = initSeq2Seq(config, rng(1));
const whole = encodeSeq2Seq(params);
const flat = (tree: unknown): unknown =>
  leaves<NdArray>(tree).map(([path, a]) => [path, a.shape, [...(a.data as Float32Array)]]);

/** The file with its tensors or metadata changed. */
function forge(change: (tensors: Map<string, NdArray>, metadata: Map<string, string>) => void): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(whole, "model");
  change(tensors, metadata);
  return encodeSafetensors(tensors, Object.fromEntries(metadata));
}

function refusal(bytes: Uint8Array, other: Partial<Seq2SeqConfig> = {}): string {
  try {
    decodeSeq2Seq({ ...config, ...other }, bytes, "m.safetensors");
  } catch (error) {
    if (error instanceof HeedError && error.code === "file" && error.where === "m.safetensors") return error.message;
    throw error;
  }
  throw new Error("was accepted");
}

describe("a model's file", () => {
  test("comes back bit by bit as float32, rounded as float16 in half the bytes", () => {
    expect(flat(decodeSeq2Seq(config, whole, "m"))).toEqual(flat(params));
    const half = encodeSeq2Seq(params, { storage: "float16" });
    const numbers = leaves<NdArray>(params).reduce((sum, [, a]) => sum + a.size, 0);
    expect(Math.abs(whole.length - half.length - 2 * numbers)).toBeLessThan(64);
    for (const [i, [, a]] of leaves<NdArray>(decodeSeq2Seq(config, half, "m")).entries()) {
      expect(a.dtype).toBe("float32");
      const original = leaves<NdArray>(params)[i]![1];
      a.data.forEach((v, k) => expect(Math.abs(Number(v) - Number(original.data[k]))).toBeLessThanOrEqual(2 ** -11));
    }
  });

  test.each<readonly [string, Partial<Seq2SeqConfig>]>([
    ["no attention, no feeding", { attention: "none", inputFeeding: false }],
    ["dot", { attention: "dot", encoderLayers: 1 }],
  ])("holds what the configuration has: %s", (_, changes) => {
    const other = { ...config, ...changes };
    const own = initSeq2Seq(other, rng(2));
    expect(flat(decodeSeq2Seq(other, encodeSeq2Seq(own), "m"))).toEqual(flat(own));
    expect(refusal(encodeSeq2Seq(own))).toMatch(/tensor .* is required|must have shape/);
    expect(refusal(whole, changes)).toMatch(/unknown tensor|must have shape/);
  });

  test("holds a training's best parameters too", () => {
    expect(
      flat(
        decodeSeq2Seq(
          config,
          forge((_, m) => m.clear() === undefined && m.set("heed", "parameters")),
          "m",
        ),
      ),
    ).toEqual(flat(params));
  });

  test("is refused when cut short anywhere", () => {
    for (let length = 0; length < whole.length; length += 5)
      expect(refusal(whole.subarray(0, length))).toContain("m.safetensors: ");
  });

  test.each<readonly [string, Parameters<typeof forge>[0], string]>([
    ["another kind", (_, m) => m.set("heed", "bert"), 'the parameters of a seq2seq model are required, got "bert"'],
    [
      "no kind",
      (_, m) => m.delete("heed"),
      "the parameters of a seq2seq model are required, got a file that does not say what it holds",
    ],
    [
      "another version",
      (_, m) => m.set("version", "1"),
      'version 2 is required, got "1". Use the version of heed that wrote it',
    ],
    ["no version", (_, m) => m.delete("version"), "version 2 is required, got none"],
    [
      "a missing tensor",
      (t) => t.delete("bridge.cell.bias"),
      "tensor bridge.cell.bias float32[4] is required, got none of that name",
    ],
    [
      "an unknown tensor",
      (t) => t.set("extra", zeros([1])),
      'every tensor must belong to the model, got an unknown tensor "extra"',
    ],
    [
      "another shape",
      (t) => t.set("combine.bias", zeros([3, 1])),
      "tensor combine.bias must have shape [3], got [3, 1]",
    ],
    [
      "another dtype",
      (t) => t.set("combine.bias", zeros([3], "int32")),
      "tensor combine.bias must be float32 or float16, got int32",
    ],
    ["NaN", (t) => (t.get("combine.bias")!.data[1] = NaN), "tensor combine.bias must be finite, got NaN or Infinity"],
    [
      "a half float of Infinity",
      (t) => t.set("combine.bias", new NdArray("float16", [3], Uint16Array.of(0, 0x7c00, 0))),
      "tensor combine.bias must be finite",
    ],
  ])("with %s is refused", (_, change, message) => {
    expect(refusal(forge(change))).toContain(`m.safetensors: ${message}`);
  });

  test("is refused for sizes of terabytes without claiming them", () => {
    const huge = {
      sourceCount: 65536,
      embeddingSize: 8192,
      encoderSize: 8192,
      decoderSize: 8192,
      alignmentSize: 8192,
    };
    expect(refusal(whole, huge)).toContain("tensor source.weight must have shape [65536, 8192], got [5, 3]");
  });

  test("does not print hostile names at length", () => {
    expect(refusal(forge((t) => t.set("x".repeat(50_000), zeros([1])))).length).toBeLessThan(500);
    expect(refusal(forge((_, m) => m.set("version", "9".repeat(50_000)))).length).toBeLessThan(500);
  });
});

describe("a configuration", () => {
  test("that is whole is taken as it is", () => {
    expect(checkSeq2SeqConfig("c.json", { ...config })).toEqual(config);
  });

  test.each<readonly [string, unknown, string]>([
    ["null", null, "c.json: the configuration must be an object, got null"],
    ["a list", [], "c.json: options must be an object with sourceCount, targetCount, "],
    ["an unknown member", { ...config, heads: 2 }, 'got "heads"'],
    ["a size of 0", { ...config, encoderSize: 0 }, "encoderSize must be an integer from 1 to 8192, got 0"],
    ["a size that is a text", { ...config, encoderSize: "2" }, "encoderSize must be an integer"],
    [
      "a thousand layers",
      { ...config, encoderLayers: 1000 },
      "encoderLayers must be an integer from 1 to 16, got 1000",
    ],
    [
      "another attention",
      { ...config, attention: "harder" },
      'attention must be one of none, additive, coverage, dot, general, local-m, local-p, location, entmax, hard, marginal, monotonic, got "harder"',
    ],
    ["feeding that is a number", { ...config, inputFeeding: 1 }, "inputFeeding must be true or false, got 1"],
    [
      "dot between sizes that differ",
      { ...config, attention: "dot", decoderSize: 5 },
      "with dot attention decoderSize must be twice encoderSize, got 5 and 2",
    ],
    [
      "feeding where positions are summed out",
      { ...config, attention: "marginal" },
      "with marginal attention inputFeeding must be false, got true. The decoder's state must not depend on",
    ],
    [
      "a window without its reach",
      { ...config, attention: "local-p" },
      "with local-p attention reach must be an integer from 1 to 8192, got undefined",
    ],
    ["a reach without a window", { ...config, reach: 3 }, "with additive attention there must be no reach, got 3"],
    [
      "location without its longest source",
      { ...config, attention: "location", longestSource: 0.5 },
      "with location attention longestSource must be an integer from 1 to 8192, got 0.5",
    ],
  ])("%s is refused", (_, value, message) => {
    expect(() => checkSeq2SeqConfig("c.json", value)).toThrow(message);
  });
});
