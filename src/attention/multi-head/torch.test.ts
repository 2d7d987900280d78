// Multi-head attention against torch in float64, outputs and all gradients, through the importers; and the importers.
// The file is written by tools/golden/multi_head.py.

import { describe, expect, test } from "vitest";
import { checkGolden, goldenState, readGolden, type GoldenCase, type GoldenCheck } from "../../../test/golden.ts";
import { NdArray } from "../../core/ndarray.ts";
import { split } from "../../core/ops/concat.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves } from "../../core/tree.ts";
import { linearFromTorch } from "../../nn/torch.ts";
import type { TorchOptions } from "../../nn/torch-state.ts";
import { and } from "../masks/algebra.ts";
import { causal } from "../masks/causal.ts";
import { fromTorchAttnMask, fromTorchKeyPadding } from "../masks/torch.ts";
import { offByOneNormalizer } from "../normalizers/off-by-one.ts";
import { sinkNormalizer } from "../normalizers/sinks.ts";
import { alibi } from "../positions/alibi.ts";
import { relativeBias } from "../positions/relative-bias.ts";
import { rotary } from "../positions/rotary.ts";
import type { MultiHeadConfig } from "./config.ts";
import { layerHeadNorm, rmsHeadNorm } from "./head-norm.ts";
import { multiHeadFromKeras } from "./keras.ts";
import { multiHead, type MultiHeadOptions } from "./multi-head.ts";
import { initMultiHead, type MultiHeadParams } from "./params.ts";
import { multiHeadFromTorch, multiHeadToTorch } from "./torch.ts";

type Arrays = Readonly<Record<string, NdArray>>;
type Named = Readonly<Record<string, Tensor>>;

const golden = readGolden<GoldenCase>("src/attention/golden/multi-head.json");

const inputs = ["query", "key", "value"] as const;

/**
 * A layer with the biases of its inputs in one leaf, as torch's `in_proj_bias`. The gradient of the keys' bias is 0, for it
 * moves all scores of a query alike: an error of rounding is small beside the others' gradients, and not beside 0.
 */
type Packed<T> = { readonly layer: MultiHeadParams<T>; readonly bias?: T };

function pack(layer: MultiHeadParams<NdArray>): Packed<NdArray> {
  if (!layer.query.bias) return { layer };
  const biases = inputs.map((name) => layer[name].bias!);
  const all = biases.flatMap(({ data }) => Array.from(data as ArrayLike<number>));
  const [{ dtype }] = biases as [NdArray];
  const elements = dtype === "float64" ? Float64Array.from(all) : Float32Array.from(all);
  const bare = Object.fromEntries(inputs.map((name) => [name, { weight: layer[name].weight }]));
  return { layer: { ...layer, ...bare }, bias: new NdArray(dtype, [all.length], elements) };
}

function unpack({ layer, bias }: Packed<Tensor>): MultiHeadParams<Tensor> {
  if (!bias) return layer;
  const weights = inputs.map((name) => layer[name].weight);
  const sizes = weights.map(({ shape }) => shape[1]!);
  const parts = split(bias, sizes, 0);
  return { ...layer, ...Object.fromEntries(inputs.map((name, i) => [name, { weight: weights[i], bias: parts[i] }])) };
}

function check(
  config: MultiHeadConfig,
  load: (state: Arrays, options: TorchOptions) => MultiHeadParams<NdArray>,
  given: (inputs: Named) => Partial<MultiHeadOptions> = () => ({}),
): GoldenCheck<Packed<NdArray>> {
  return {
    load: (state, dtype) => pack(load(state, { dtype })),
    apply: (params: Packed<Tensor>, tensors) => {
      const { query, keys, values } = tensors;
      const memory = { ...(keys ? { keys } : {}), ...(values ? { values } : {}) };
      const options = { query: query!, ...memory, ...given(tensors) };
      return { output: multiHead(unpack(params), config, options).output };
    },
  };
}

describe("nn.MultiheadAttention", () => {
  const fromTorch = (state: Arrays, options: TorchOptions): MultiHeadParams<NdArray> =>
    multiHeadFromTorch(state, "", options);
  const self = { querySize: 4, headCount: 2 };
  const cross = { ...self, keySize: 5, valueSize: 3 };
  const cases: Readonly<Record<string, ReturnType<typeof check>>> = {
    "torch self": check(self, fromTorch),
    "torch self, no bias": check({ ...self, bias: false }, fromTorch),
    "torch cross, key padding": check(cross, fromTorch, ({ padding }) => ({ mask: fromTorchKeyPadding(padding!) })),
    "torch cross, no bias": check({ ...cross, bias: false }, fromTorch),
    "torch self, bool mask": check(self, fromTorch, ({ blocked }) => ({ mask: fromTorchAttnMask(blocked!) })),
    "torch self, float mask": check(self, fromTorch, ({ added }) => ({ mask: fromTorchAttnMask(added!) })),
    "torch self, add_zero_attn": check({ ...self, normalizer: offByOneNormalizer }, fromTorch),
  };
  test.each(Object.entries(cases))("%s", (name, c) => checkGolden(golden[name]!, c));
});

/** Projections as `nn.Linear`s, and what the mechanisms have by dotted name. */
function fromLinears(state: Arrays, options: TorchOptions): MultiHeadParams<NdArray> {
  const rest: Record<string, Record<string, NdArray>> = {};
  for (const [name, a] of Object.entries(state)) {
    const [stage, leaf] = name.split(".") as [string, string];
    if (leaf !== "weight" && !["query", "key", "value", "output"].includes(stage)) (rest[stage] ??= {})[leaf] = a;
  }
  const linear = (name: string): ReturnType<typeof linearFromTorch> => linearFromTorch(state, name, options);
  return { query: linear("query"), key: linear("key"), value: linear("value"), output: linear("output"), ...rest };
}

describe("mechanisms", () => {
  const two = { querySize: 4, headCount: 2 };
  const three = { querySize: 4, headCount: 3, headSize: 2 };
  const inPast = (): Partial<MultiHeadOptions> => ({ mask: causal() });
  const wide = { ...two, headSize: 4 };
  const cases: Readonly<Record<string, readonly [MultiHeadConfig, ((inputs: Named) => Partial<MultiHeadOptions>)?]>> = {
    grouped: [{ querySize: 4, headCount: 4, keyHeadCount: 2, headSize: 2 }],
    "multi-query, sizes": [{ querySize: 4, headCount: 4, keyHeadCount: 1, headSize: 3, valueHeadSize: 2, outSize: 5 }],
    "rms norm": [{ ...wide, qkNorm: rmsHeadNorm() }, inPast],
    "layer norm, rotary": [{ ...wide, qkNorm: layerHeadNorm(), positions: rotary() }, inPast],
    "soft cap, scale": [{ ...two, scores: { scale: 1, softCap: 1.5 } }, inPast],
    window: [{ ...two, scores: { window: { left: 1, right: 1 } } }],
    sinks: [{ ...three, normalizer: sinkNormalizer({ headCount: 3 }) }, inPast],
    "talking heads": [{ ...three, talkingHeads: {} }, inPast],
    alibi: [{ ...three, positions: alibi() }, inPast],
    "alibi, both sides": [{ querySize: 4, headCount: 4, headSize: 2, positions: alibi() }],
    "relative bias": [
      { ...two, positions: relativeBias({ buckets: 3, maxDistance: 4, bidirectional: false }) },
      inPast,
    ],
    "relative bias, both sides": [
      { ...two, positions: relativeBias({ buckets: 4, maxDistance: 3, bidirectional: true }) },
    ],
    rotary: [{ ...wide, positions: rotary() }, inPast],
    "rotary, interleaved": [{ ...wide, positions: rotary({ base: 100, interleaved: true }) }, inPast],
    "rotary, fraction": [{ ...wide, positions: rotary({ fraction: 0.5 }) }, inPast],
    "rotary, left padding": [
      { ...wide, positions: rotary() },
      ({ starts }) => ({ mask: causal(), positions: { starts: starts! } }),
    ],
  };
  test.each(Object.entries(cases))("%s", (name, [config, given]) =>
    checkGolden(golden[name]!, check(config, fromLinears, given)),
  );
});

test("Keras' layer, grouped, with kernels of three axes", () =>
  checkGolden(
    golden["keras"]!,
    check(
      {
        querySize: 4,
        keySize: 5,
        valueSize: 3,
        outSize: 6,
        headCount: 4,
        keyHeadCount: 2,
        headSize: 2,
        valueHeadSize: 3,
      },
      (state, options) =>
        multiHeadFromKeras(Object.fromEntries(Object.entries(state).map(([n, a]) => [`x/${n}:0`, a])), "x", options),
    ),
  ));

test("every case of the file is read", () => {
  expect(Object.keys(golden)).toHaveLength(7 + 16 + 4);
});

describe("importers", () => {
  const state = goldenState(golden["torch self"]!.params);
  const cross = goldenState(golden["torch cross, key padding"]!.params);
  const under = (prefix: string, tensors: Arrays): Arrays =>
    Object.fromEntries(Object.entries(tensors).map(([name, a]) => [`${prefix}.${name}`, a]));

  test.each(Object.keys(golden).filter((name) => name.startsWith("torch")))("%s goes to torch and back", (name) => {
    const tensors = goldenState(golden[name]!.params);
    const back = multiHeadToTorch(multiHeadFromTorch(under("encoder.0", tensors), "encoder.0"), "encoder.0");
    expect(back).toEqual(under("encoder.0", tensors));
  });

  test("fresh parameters of the same sizes have the importer's structure", () => {
    const own = initMultiHead({ querySize: 4, headCount: 2 }, rng(1));
    const shapes = (tree: unknown): readonly unknown[] => leaves<NdArray>(tree).map(([path, a]) => [path, a.shape]);
    expect(shapes(own)).toEqual(shapes(multiHeadFromTorch(state)));
  });

  test("bias_k, bias_v and add_zero_attn are refused with a sentence", () => {
    const bias = { bias_k: new NdArray("float32", [1, 1, 4], new Float32Array(4)) };
    expect(() => multiHeadFromTorch({ ...state, ...bias })).toThrow(
      "multiHeadFromTorch: a module without bias_k and bias_v is required, got those of add_bias_kv=True",
    );
    expect(() => multiHeadFromTorch(state, "", { addZeroAttn: true })).toThrow(
      "A key and a value of zeros are the softmax off by one: configure normalizer: offByOneNormalizer.",
    );
  });

  test("tensors that are missing, unknown or of another shape are named", () => {
    const { in_proj_bias: _, ...without } = state;
    expect(() => multiHeadFromTorch(without)).toThrow("multiHeadFromTorch: a tensor named in_proj_bias (3N), N of");
    expect(() => multiHeadFromTorch({ ...state, gate: state["in_proj_bias"]! })).toThrow("unknown gate");
    expect(() => multiHeadFromTorch({ ...state, in_proj_weight: cross["q_proj_weight"]! })).toThrow(
      "in_proj_weight must be (3N, N), N of out_proj.weight, here [12, 4], got",
    );
    expect(() => multiHeadFromTorch(state, "layers.0")).toThrow("out_proj.weight (N, N) is required");
    const keras = goldenState(golden["keras"]!.params);
    expect(() => multiHeadFromKeras({ ...keras, "gate/kernel": keras["key/kernel"]! })).toThrow("unknown gate/kernel");
    expect(() => multiHeadFromKeras({ ...keras, "key/kernel": keras["query/kernel"]! })).toThrow(
      "key/kernel must have the heads of value/kernel",
    );
  });

  test("what torch has no names for is not exported", () => {
    const config = { querySize: 4, headCount: 2 };
    const refuses = (more: Partial<MultiHeadConfig>, message: string): void =>
      expect(() => multiHeadToTorch(initMultiHead({ ...config, ...more }, rng(1)))).toThrow(message);
    refuses({ keyHeadCount: 1 }, "projections to querySize 4 alone, got key.weight");
    refuses({ outSize: 3 }, "got output.weight");
    refuses({ qkNorm: rmsHeadNorm() }, "only projections have names in nn.MultiheadAttention, got queryNorm, keyNorm");
    expect(Object.keys(multiHeadToTorch(initMultiHead({ ...config, positions: rotary() }, rng(1))))).toContain(
      "in_proj_weight",
    );
  });
});

test("trap: a mask combined of torch's two is the mask of both", async () => {
  const c = golden["torch self, bool mask"]!;
  const none = new NdArray("bool", [2, 4], new Uint8Array(8));
  await checkGolden(
    c,
    check(
      { querySize: 4, headCount: 2 },
      (state, options) => multiHeadFromTorch(state, "", options),
      ({ blocked }) => ({ mask: and(fromTorchKeyPadding(none), fromTorchAttnMask(blocked!)) }),
    ),
  );
});
