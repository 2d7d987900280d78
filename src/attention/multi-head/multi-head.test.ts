// What multi-head attention promises: the reference and the engine agree, nothing comes from the future or from padding, the
// mechanisms are neutral where they should be, and what cannot be is refused with both tensors named.

import { describe, expect, test } from "vitest";
import { expectClose, largestError } from "../../../test/close.ts";
import { onCpu, onReference } from "../../../test/golden.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant, input } from "../../core/ops/source.ts";
import { randomKey, rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, mapTree } from "../../core/tree.ts";
import { compile, evaluate } from "../../engine/compile.ts";
import { and } from "../masks/algebra.ts";
import { allow } from "../masks/allow.ts";
import { causal } from "../masks/causal.ts";
import { keyPadding } from "../masks/key-padding.ts";
import { sinkNormalizer } from "../normalizers/sinks.ts";
import { sparsemaxNormalizer } from "../normalizers/sparsemax.ts";
import { alibi } from "../positions/alibi.ts";
import { relativeBias } from "../positions/relative-bias.ts";
import { rotary } from "../positions/rotary.ts";
import type { MultiHeadConfig } from "./config.ts";
import { layerHeadNorm, rmsHeadNorm } from "./head-norm.ts";
import { multiHead, type MultiHeadOptions } from "./multi-head.ts";
import { initMultiHead, type MultiHeadParams } from "./params.ts";

const [B, T, N] = [2, 6, 8];
const base: MultiHeadConfig = { querySize: N, headCount: 4 };
const x = rng(1).normal([B, T, N], 1);
const values = (a: NdArray): Float32Array => a.data as Float32Array;

/** Parameters none of which is at its beginning. */
function paramsOf(config: MultiHeadConfig, seed = 2): MultiHeadParams<NdArray> {
  const draw = rng(seed);
  return mapTree(initMultiHead(config, draw), (a: NdArray) => draw.normal(a.shape, 0.5));
}

async function output(
  config: MultiHeadConfig,
  params: MultiHeadParams<NdArray>,
  query: NdArray,
  given: Omit<MultiHeadOptions, "query"> = {},
): Promise<NdArray> {
  const fn = (p: MultiHeadParams<Tensor>, q: Tensor): Tensor => multiHead(p, config, { query: q, ...given }).output;
  return await evaluate(fn, params, query);
}

/** `a` with other numbers in the steps of `which`. */
function changed(a: NdArray, which: (row: number, step: number) => boolean): NdArray {
  const [, steps, size] = a.shape as readonly [number, number, number];
  const at = (i: number): boolean => which(Math.floor(i / (steps * size)), Math.floor(i / size) % steps);
  return new NdArray("float32", a.shape, values(a).map((v, i) => (at(i) ? 7 - 3 * v : v))); // prettier-ignore
}

const mechanisms: Readonly<Record<string, Partial<MultiHeadConfig>>> = {
  "by themselves": {},
  "grouped, rotary": { keyHeadCount: 2, positions: rotary() },
  "alibi, soft cap": { positions: alibi(), scores: { softCap: 3 } },
  "relative bias, layer norms": {
    headSize: 4,
    positions: relativeBias({ buckets: 6, maxDistance: 5, bidirectional: false }),
    qkNorm: layerHeadNorm(),
  },
  "sinks, window": { normalizer: sinkNormalizer({ headCount: 4 }), scores: { window: { left: 3, right: 2 } } },
  "talking heads, rms norms": { talkingHeads: {}, qkNorm: rmsHeadNorm() },
  "talking heads, sparsemax": { talkingHeads: { scores: false }, normalizer: sparsemaxNormalizer },
};

describe.each(Object.entries(mechanisms))("%s", (_name, more) => {
  const config = { ...base, ...more };
  const params = paramsOf(config);

  test("the engine lies within 1e-5 of the float64 reference, its gradients within 1e-4", async () => {
    const traced = (p: unknown, { query }: Readonly<Record<string, Tensor>>): Readonly<Record<string, Tensor>> => {
      const y = multiHead(p as MultiHeadParams<Tensor>, config, { query: query!, mask: causal() }).output;
      const all = leaves<Tensor>(p).filter(([path]) => !/^key\.bias$|^keyNorm\.bias$/.test(path)); // their gradients are 0
      const grads = gradients(sum(mul(y, y)), [...all.map(([, t]) => t), query!]);
      return { y, ...Object.fromEntries(grads.map((g, i) => [all[i]?.[0] ?? "query", g])) };
    };
    const want = onReference(traced, params, { query: x });
    const got = await onCpu(traced, params, { query: x });
    for (const [name, { data }] of want)
      expectClose(got.get(name)!.data, data, { rtol: name === "y" ? 1e-5 : 1e-4, atol: 1e-6 }, name);
  });

  test("causal: the future never influences the past, to the last bit", async () => {
    await using run = compile(
      (p: MultiHeadParams<Tensor>, q: Tensor) => multiHead(p, config, { query: q, mask: causal() }).output,
    );
    const before = values(await run(params, x));
    for (const from of [1, 3, 5]) {
      const after = values(
        await run(
          params,
          changed(x, (_b, t) => t >= from),
        ),
      );
      for (let b = 0; b < B; b++)
        expect(after.subarray(b * T * N, (b * T + from) * N)).toEqual(before.subarray(b * T * N, (b * T + from) * N));
      expect(after).not.toEqual(before);
    }
  });

  test("padding never influences, to the last bit, outputs or gradients", async () => {
    const real = [4, 6];
    const mask = keyPadding(array(real.map((n) => Array.from({ length: T }, (_, t) => t < n))));
    const weight = new NdArray("float32", x.shape, values(x).map((v, i) => (Math.floor(i / N) % T < real[Math.floor(i / (N * T))]! ? v : 0))); // prettier-ignore
    const fn = (p: MultiHeadParams<Tensor>, q: Tensor, w: Tensor): readonly Tensor[] => {
      const y = mul(multiHead(p, config, { query: q, mask }).output, w);
      return [y, ...gradients(sum(y), [p.query.weight, p.key.weight, p.value.weight, p.output.weight])];
    };
    await using run = compile(fn);
    const before = await run(params, x, weight);
    const after = await run(params, changed(x, (b, t) => t >= real[b]!), weight); // prettier-ignore
    expectClose(values(after[0]!), values(before[0]!), { rtol: 0 });
    before.slice(1).forEach((a, i) => expectClose(values(after[i + 1]!), values(a), { rtol: 1e-6 }));
  });
});

test("padding of cross-attention never influences, not even as NaN", async () => {
  const config = { ...base, keySize: 5 };
  const mask = keyPadding(array([[true, true, false], [false, true, true]])); // prettier-ignore
  const keys = rng(4).normal([B, 3, 5], 1);
  const holed = new NdArray("float32", keys.shape, values(keys).map((v, i) => ([2, 3].includes(Math.floor(i / 5)) ? NaN : v))); // prettier-ignore
  const fn = (p: MultiHeadParams<Tensor>, q: Tensor, k: Tensor): Tensor =>
    multiHead(p, config, { query: q, keys: k, mask }).output;
  const params = paramsOf(config);
  expect((await evaluate(fn, params, x, holed)).data).toEqual((await evaluate(fn, params, x, keys)).data);
});

test("in blocks of queries, over long inputs, as in one piece", async () => {
  // 1000 steps of two heads are scored at once, 1100 in blocks; under a causal mask the first 1000 are the same.
  const config: MultiHeadConfig = {
    querySize: N,
    headCount: 2,
    talkingHeads: {},
    normalizer: sinkNormalizer({ headCount: 2 }),
    positions: relativeBias({ buckets: 8, maxDistance: 600, bidirectional: false }),
  };
  const params = paramsOf(config);
  const long = rng(5).normal([1, 1100, N], 1);
  const short = new NdArray("float32", [1, 1000, N], values(long).slice(0, 1000 * N));
  const want = values(await output(config, params, short, { mask: causal() }));
  const got = values(await output(config, params, long, { mask: causal() })).subarray(0, 1000 * N);
  expectClose(got, want, { rtol: 1e-5 });
});

test("a query that may look at nothing gets the output's bias", async () => {
  const params = paramsOf(base);
  const none = array(Array.from({ length: B }, () => new Array<boolean>(T).fill(false)));
  const got = values(await output(base, params, x, { mask: keyPadding(none) }));
  const bias = values(params.output.bias!);
  expect(got).toEqual(Float32Array.from({ length: B * T * N }, (_, i) => bias[i % N]!));
});

test("trap: grouped heads are repeated heads, query head h reading key head floor(h G / H)", async () => {
  const config = { ...base, keyHeadCount: 2 };
  const grouped = paramsOf(config);
  /** Columns of two heads of size 2, each written twice side by side: heads 0 0 1 1. */
  const repeat = (a: NdArray): NdArray => {
    const rows = a.size / 4;
    const column = [0, 1, 0, 1, 2, 3, 2, 3];
    const out = Float32Array.from({ length: rows * 8 }, (_, i) => values(a)[4 * Math.floor(i / 8) + column[i % 8]!]!);
    return new NdArray("float32", [...a.shape.slice(0, -1), 8], out);
  };
  const full = { ...grouped, key: mapTree(grouped.key, repeat), value: mapTree(grouped.value, repeat) };
  const got = values(await output(config, grouped, x));
  expectClose(got, values(await output(base, full as MultiHeadParams<NdArray>, x)), { rtol: 1e-6 });
  // x-transformers' h mod G would be another model: heads 0 1 0 1.
  const modulo = (a: NdArray): NdArray => {
    const out = Float32Array.from({ length: 2 * a.size }, (_, i) => values(a)[4 * Math.floor(i / 8) + (i % 4)]!);
    return new NdArray("float32", [...a.shape.slice(0, -1), 8], out);
  };
  const other = { ...grouped, key: mapTree(grouped.key, modulo), value: mapTree(grouped.value, modulo) };
  const { error } = largestError(got, values(await output(base, other as MultiHeadParams<NdArray>, x)));
  expect(error).toBeGreaterThan(0.01);
});

test("trap: keys come before values, and the layout is (batch, time, size)", async () => {
  const config = { ...base, keySize: 5, valueSize: 3 };
  const run = (keys: Tensor, given: Tensor): unknown =>
    multiHead(mapTree(paramsOf(config), (a: NdArray) => constant(a)) as MultiHeadParams<Tensor>, config, {
      query: input([B, T, N]),
      keys,
      values: given,
    });
  expect(() => run(input([B, 4, 3]), input([B, 4, 5]))).toThrow(
    "multiHead: axis K is 3 in keys axis 2 but 5 in params.key.weight axis 0",
  );
  expect(() => run(input([4, B, 5]), input([4, B, 3]))).toThrow("axis B is 2 in query axis 0 but 4 in keys axis 0");
});

test("trap: the soft cap comes before positions and mask, so that it bounds neither", async () => {
  // With a cap near 0 all capped scores are 0, and ALiBi alone decides: its slopes are not capped.
  const config = { ...base, headCount: 1, scores: { softCap: 1e-6 }, positions: alibi() };
  const params = paramsOf(config);
  const flat = { ...params, query: mapTree(params.query, (a: NdArray) => new NdArray("float32", a.shape, new Float32Array(a.size))) }; // prettier-ignore
  const got = values(await output(config, params, x, { mask: causal() }));
  const { scores: _, ...bare } = config;
  const want = values(await output(bare, flat as MultiHeadParams<NdArray>, x, { mask: causal() }));
  expectClose(got, want, { rtol: 1e-5 });
  // A cap after the mask would have given a blocked key -cap, which has weight.
  const first = values(await output(config, params, changed(x, (_b, t) => t > 0), { mask: causal() })); // prettier-ignore
  expect(first.subarray(0, N)).toEqual(got.subarray(0, N));
});

describe("trap: dropout is asked for", () => {
  const params = paramsOf(base);
  const run = async (rate: number, seed: number | null): Promise<Float32Array> => {
    const fn = (p: MultiHeadParams<Tensor>, q: Tensor, key: Tensor): Tensor =>
      multiHead(p, base, { query: q, dropout: { rate, key: seed === null ? null : key } }).output;
    return values(await evaluate(fn, params, x, randomKey(seed ?? 0)));
  };

  test("without a key, or at rate 0, nothing is dropped; with one, the same key drops the same", async () => {
    const whole = values(await output(base, params, x));
    expect(await run(0.5, null)).toEqual(whole);
    expect(await run(0, 3)).toEqual(whole);
    const dropped = await run(0.5, 3);
    expect(dropped).not.toEqual(whole);
    expect(await run(0.5, 3)).toEqual(dropped);
    expect(await run(0.5, 4)).not.toEqual(dropped);
  });

  test("a rate of 1 is refused", async () => {
    await expect(run(1, 3)).rejects.toThrow("attention: dropout.rate must lie in 0 <= rate < 1, got 1");
  });
});

describe("neutral mechanisms", () => {
  test("talking heads begin as none: identities mix nothing", async () => {
    const params = paramsOf(base);
    const config = { ...base, talkingHeads: {} };
    const mixed = { ...params, talkingHeads: initMultiHead(config, rng(1)).talkingHeads! };
    const want = values(await output(base, params, x, { mask: causal() }));
    expectClose(values(await output(config, mixed, x, { mask: causal() })), want, { rtol: 1e-6 });
  });

  test.each([
    ["rms", rmsHeadNorm({ epsilon: 0 })],
    ["layer", layerHeadNorm({ epsilon: 0 })],
  ])("with %s norms scores do not feel the size of the projections", async (_name, qkNorm) => {
    const config = { ...base, headSize: 4, qkNorm };
    const params = paramsOf(config);
    const scaled = (a: NdArray): NdArray => new NdArray("float32", a.shape, values(a).map((v) => 64 * v)); // prettier-ignore
    const larger = { ...params, query: mapTree(params.query, scaled), key: mapTree(params.key, scaled) };
    const want = values(await output(config, params, x));
    expectClose(values(await output(config, larger as MultiHeadParams<NdArray>, x)), want, { rtol: 1e-6 });
    const { qkNorm: _, ...bare } = config;
    const { queryNorm: _q, keyNorm: _k, ...plain } = params;
    const { queryNorm: _r, keyNorm: _l, ...plainLarger } = larger;
    const apart = largestError(
      values(await output(bare, plainLarger as MultiHeadParams<NdArray>, x)),
      values(await output(bare, plain, x)),
    );
    expect(apart.error).toBeGreaterThan(0.1);
  });

  test("a window is the mask of that window, and both count", async () => {
    const params = paramsOf(base);
    const config = { ...base, scores: { window: { left: 1, right: 0 } } };
    const near = array(Array.from({ length: T }, (_, q) => Array.from({ length: T }, (_, k) => q - k === 0 || q - k === 1))); // prettier-ignore
    const want = await output(base, params, x, { mask: allow(near) });
    expect((await output(config, params, x)).data).toEqual(want.data);
    expect((await output(config, params, x, { mask: causal() })).data).toEqual(want.data);
    expect((await output(base, params, x, { mask: and(causal(), allow(near)) })).data).toEqual(want.data);
  });
});

describe("initMultiHead", () => {
  const limitOf = (a: NdArray): number => values(a).reduce((m, v) => Math.max(m, Math.abs(v)), 0);

  test("begins as torch's module: packed where the inputs have one size", () => {
    const { query, key, value, output: out } = initMultiHead({ querySize: 64, headCount: 4 }, rng(1));
    for (const { weight } of [query, key, value]) {
      expect(limitOf(weight)).toBeLessThanOrEqual(Math.sqrt(6 / 256));
      expect(limitOf(weight)).toBeGreaterThan(0.99 * Math.sqrt(6 / 256));
    }
    expect(limitOf(out.weight)).toBeGreaterThan(0.99 / 8);
    expect(limitOf(out.weight)).toBeLessThanOrEqual(1 / 8);
    for (const { bias } of [query, key, value, out]) expect(limitOf(bias!)).toBe(0);
  });

  test("and each by itself where they differ", () => {
    const { query, key } = initMultiHead({ querySize: 64, keySize: 32, headCount: 4, bias: false }, rng(1));
    expect(limitOf(query.weight)).toBeGreaterThan(0.99 * Math.sqrt(6 / 128));
    expect(limitOf(key.weight)).toBeGreaterThan(0.99 * Math.sqrt(6 / 96));
    expect(query.bias).toBeUndefined();
  });

  test("every parameter has a gradient that is not 0, but for the keys' bias", async () => {
    const config = { ...base, talkingHeads: {}, qkNorm: rmsHeadNorm(), normalizer: sinkNormalizer({ headCount: 4 }) };
    const params = paramsOf(config);
    const fn = (p: MultiHeadParams<Tensor>, q: Tensor): readonly Tensor[] => {
      const y = multiHead(p, config, { query: q, mask: causal() }).output;
      return gradients(sum(mul(y, add(y, 1))), leaves<Tensor>(p).map(([, t]) => t)); // prettier-ignore
    };
    const grads = await evaluate(fn, params, x);
    leaves(params).forEach(([path], i) => expect([path, limitOf(grads[i]!) > 1e-4]).toEqual([path, true]));
  });
});

describe("what is refused", () => {
  const configs: readonly (readonly [object, string])[] = [
    [{ headCount: 0 }, "initMultiHead: headCount must be an integer >= 1, got 0"],
    [{ querySize: undefined }, "querySize must be an integer >= 1, got undefined"],
    [{ headCount: 3 }, "headCount must divide querySize where headSize is not given, got 3 heads of 8"],
    [{ keyHeadCount: 3 }, "keyHeadCount must divide headCount, got 3 and 4"],
    [{ headSize: 2.5 }, "headSize must be an integer >= 1, got 2.5"],
    [{ bias: 1 }, "bias must be true or false"],
    [{ heads: 4 }, 'options must be among querySize, keySize, valueSize, outSize, headCount, keyHeadCount, headSize, valueHeadSize, bias, scores, positions, qkNorm, normalizer, talkingHeads, got "heads"'], // prettier-ignore
    [{ scores: { scale: Infinity } }, "scores.scale must be a finite number, got Infinity"],
    [{ scores: { softCap: 0 } }, "scores.softCap must be a finite number > 0, got 0"],
    [{ scores: { window: { left: -1, right: 0 } } }, "window: left must be an integer >= 0, or Infinity, got -1"],
    [{ scores: { cap: 3 } }, 'scores: options must be among scale, softCap, window, got "cap"'],
    [{ positions: rotary }, "positions must be a mechanism, got a function. Use rotary()."],
    [{ headSize: 3, positions: rotary() }, "rotary: fraction of headSize must be an even number of elements"],
    [{ qkNorm: true }, "qkNorm must be a mechanism"],
    [{ talkingHeads: { logits: true } }, 'talkingHeads: options must be among scores, weights, got "logits"'],
    [{ talkingHeads: { scores: 1 } }, "talkingHeads.scores must be true or false"],
  ];
  test.each(configs)("a configuration: %#", (more, message) => {
    expect(() => initMultiHead({ ...base, ...more } as MultiHeadConfig, rng(1))).toThrow(message);
  });

  const params = mapTree(paramsOf(base), (a: NdArray) => input(a.shape)) as MultiHeadParams<Tensor>;
  const attend = (more: object, config: object = {}): unknown =>
    multiHead(params, { ...base, ...config }, { query: input([B, T, N]), ...more });
  const calls: readonly (readonly [() => unknown, string])[] = [
    [() => attend({ query: input([B, T, 7]) }), "axis N is 7 in query axis 2 but 8 in params.query.weight axis 0"],
    [() => attend({ query: input([B, N]) }), "query must have 3 axes (B T N), got float32[2, 8]"],
    [() => attend({ keys: input([3, 4, N]) }), "axis B is 2 in query axis 0 but 3 in keys axis 0"],
    [() => attend({ keys: input([B, 4, N]), values: input([B, 5, N]) }), "axis S is 4 in keys axis 1 but 5 in values axis 1"], // prettier-ignore
    [
      () => attend({ values: input([B, 4, N]) }),
      "keys must be given where values are, got values float32[2, 4, 8] alone",
    ],
    [() => attend({ isCausal: true }), "multiHead: options must be among query, keys, values, positions, cache, mask, dropout, site"], // prettier-ignore
    [() => attend({ mask: input([B, T], "bool") }), "every operand must be a Mask, got a Tensor"],
    [() => attend({ keys: input([B, 4, N]), mask: causal() }), "align must be said when query and key lengths differ"],
    [
      () => attend({ positions: { starts: input([3], "int32") } }),
      "axis B is 2 in query axis 0 but 3 in starts axis 0",
    ],
    [() => attend({ positions: input([B], "int32") }), "multiHead: positions must be an object { starts }"],
    [() => attend({}, { headSize: 3 }), "params.query.weight must be (querySize, headCount * headSize), [8, 12], by the configuration, got float32[8, 8]"], // prettier-ignore
    [() => attend({}, { bias: false }), "every parameter must belong to a part of the configuration, got params.query.bias float32[8]"], // prettier-ignore
    [() => attend({}, { normalizer: sinkNormalizer({ headCount: 4 }) }), "params.normalizer.sink must be [4], by the configuration, got none"], // prettier-ignore
    [
      () => attend({}, { talkingHeads: {} }),
      "params.talkingHeads.scores must be [4, 4], by the configuration, got none",
    ],
  ];
  test.each(calls)("a call: %#", (fn, message) => expect(fn).toThrow(message));
});
