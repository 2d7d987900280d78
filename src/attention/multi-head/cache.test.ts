// Decoding with a cache is the full pass, step by step: for every mechanism, for one or several steps at a time, for rows of
// different lengths, and for rows that are padded at their start.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import { concat } from "../../core/ops/concat.ts";
import { mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { constant, input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import { compile, evaluate } from "../../engine/compile.ts";
import { and } from "../masks/algebra.ts";
import { causal } from "../masks/causal.ts";
import { keyPadding } from "../masks/key-padding.ts";
import type { Mask } from "../masks/mask.ts";
import { sinkNormalizer } from "../normalizers/sinks.ts";
import { alibi } from "../positions/alibi.ts";
import { relativeBias } from "../positions/relative-bias.ts";
import { rotary } from "../positions/rotary.ts";
import { emptyCache, type MultiHeadCache } from "./cache.ts";
import type { MultiHeadConfig } from "./config.ts";
import { rmsHeadNorm } from "./head-norm.ts";
import { attendMemory, projectMemory } from "./memory.ts";
import { multiHead, type MultiHeadOptions } from "./multi-head.ts";
import { initMultiHead, type MultiHeadParams } from "./params.ts";

const [B, T, C, N] = [2, 6, 9, 8];
const base: MultiHeadConfig = { querySize: N, headCount: 4, keyHeadCount: 2 };
const x = rng(1).normal([B, T, N], 1);
const close = { rtol: 1e-5 };

type Given = Omit<MultiHeadOptions, "query" | "cache" | "positions"> & { readonly starts?: NdArray };

/** Parameters none of which is at its beginning: identities, ones and zeros would hide mistakes. */
function paramsOf(config: MultiHeadConfig): MultiHeadParams<NdArray> {
  const draw = rng(2);
  return mapTree(initMultiHead(config, draw), (a: NdArray) => draw.normal(a.shape, 0.5));
}

function rowsOf(a: NdArray, from: number, to: number): NdArray {
  const [rows, steps, size] = a.shape as readonly [number, number, number];
  const data = Array.from({ length: rows }, (_, b) =>
    Array.from((a.data as Float32Array).subarray((b * steps + from) * size, (b * steps + to) * size)),
  );
  return new NdArray("float32", [rows, to - from, size], Float32Array.from(data.flat()));
}

/** Steps (B, t, N) one after the other. */
function inOrder(parts: readonly NdArray[]): Float32Array {
  const all = Array.from(
    { length: B },
    (_, b) =>
    parts.flatMap((a) => Array.from(rowsOf(a, 0, a.shape[1]!).data as Float32Array).slice(b * (a.size / B), (b + 1) * (a.size / B))), // prettier-ignore
  );
  return Float32Array.from(all.flat());
}

const positionsOf = (starts: NdArray | undefined): Pick<MultiHeadOptions, "positions"> =>
  starts ? { positions: { starts: constant(starts) } } : {};

async function full(config: MultiHeadConfig, query: NdArray, { starts, ...given }: Given): Promise<NdArray> {
  const fn = (params: MultiHeadParams<Tensor>, q: Tensor): Tensor =>
    multiHead(params, config, { query: q, ...given, ...positionsOf(starts) }).output;
  return await evaluate(fn, paramsOf(config), query);
}

/** The outputs of the steps, as many at a time as `counts` say, and the last cache. */
async function decode(
  config: MultiHeadConfig,
  query: NdArray,
  { starts, ...given }: Given,
  { counts = new Array<number>(T).fill(1), perRow = false }: { counts?: readonly number[]; perRow?: boolean } = {},
): Promise<{ readonly outputs: readonly NdArray[]; readonly cache: MultiHeadCache<NdArray> }> {
  const step = (
    params: MultiHeadParams<Tensor>,
    q: Tensor,
    cache: MultiHeadCache<Tensor>,
  ): ReturnType<typeof multiHead> => multiHead(params, config, { query: q, ...given, ...positionsOf(starts), cache });
  await using run = compile(step);
  const params = paramsOf(config);
  const outputs: NdArray[] = [];
  let cache = emptyCache(config, { batchSize: query.shape[0]!, capacity: C, perRow });
  let at = 0;
  for (const count of counts) {
    const result = await run(params, rowsOf(query, at, at + count), cache);
    outputs.push(result.output);
    cache = result.cache!;
    at += count;
  }
  return { outputs, cache };
}

const mechanisms: Readonly<Record<string, Partial<MultiHeadConfig>>> = {
  "no positions": {},
  rotary: { positions: rotary({ base: 50 }) },
  "rotary, interleaved, of half a head": { headSize: 4, positions: rotary({ interleaved: true, fraction: 0.5 }) },
  alibi: { positions: alibi() },
  "relative bias": { positions: relativeBias({ buckets: 4, maxDistance: 5, bidirectional: false }) },
  window: { scores: { window: { left: 2, right: 0 } } },
  "sinks, head norms, rotary": {
    qkNorm: rmsHeadNorm(),
    normalizer: sinkNormalizer({ headCount: 4 }),
    positions: rotary(),
  },
  "talking heads, soft cap, alibi": { talkingHeads: {}, scores: { softCap: 2 }, positions: alibi() },
  "multi-query, other sizes": { keyHeadCount: 1, headSize: 4, valueHeadSize: 3, outSize: 5, positions: rotary() },
};

describe.each(Object.entries(mechanisms))("%s", (_name, more) => {
  const config = { ...base, ...more };
  test("step by step as the full pass", async () => {
    const { outputs, cache } = await decode(config, x, { mask: causal() });
    expectClose(inOrder(outputs), (await full(config, x, { mask: causal() })).data, close);
    expect(cache.keys.shape).toEqual([B, C, config.keyHeadCount, config.headSize ?? 2]);
    expect(Array.from(cache.length.data as Int32Array)).toEqual([T]);
  });
});

const positioned = { ...base, positions: rotary() };

test("several steps at a time, and a length a row", async () => {
  const want = await full(positioned, x, { mask: causal() });
  for (const perRow of [false, true]) {
    const { outputs } = await decode(positioned, x, { mask: causal() }, { counts: [3, 1, 2], perRow });
    expectClose(inOrder(outputs), want.data, close);
  }
});

test("trap: with a cache causal masks go by positions, whatever their alignment", async () => {
  const want = await decode(base, x, { mask: causal() }, { counts: [4, 2] });
  for (const align of ["start", "end"] as const) {
    const got = await decode(base, x, { mask: causal({ align }) }, { counts: [4, 2] });
    got.outputs.forEach((a, i) => expect(a.data).toEqual(want.outputs[i]!.data));
  }
});

test("without a causal mask a step sees the steps so far and those beside it, and nothing of empty slots", async () => {
  const { outputs } = await decode(base, x, {}, { counts: [4, 2] });
  expectClose(outputs[0]!.data, (await full(base, rowsOf(x, 0, 4), {})).data, close);
  const both = await full(base, x, {});
  expectClose(outputs[1]!.data, rowsOf(both, 4, 6).data, close);
});

test("stored masks speak of the cache's slots", async () => {
  const real = (width: number): Mask =>
    keyPadding(array(Array.from({ length: B }, (_, b) => Array.from({ length: width }, (_, s) => s !== b + 1)))); // prettier-ignore
  const { outputs } = await decode(positioned, x, { mask: and(causal(), real(C)) });
  expectClose(inOrder(outputs), (await full(positioned, x, { mask: and(causal(), real(T)) })).data, close);
});

describe("trap: positions under left padding", () => {
  const starts = array(Int32Array.of(0, 2));
  /** The second row's real elements, alone. */
  const alone = new NdArray("float32", [1, T - 2, N], (x.data as Float32Array).slice((T + 2) * N));
  const realRows = (a: ArrayLike<number>): Float32Array => Float32Array.from(a).slice((T + 2) * N);

  test.each(Object.entries(mechanisms).filter(([, m]) => !m.outSize))("%s", async (_name, more) => {
    const config = { ...base, ...more };
    const want = (await full(config, alone, { mask: causal() })).data as Float32Array;
    const padded = (await full(config, x, { mask: causal(), starts })).data as Float32Array;
    expectClose(realRows(padded), want, close, "full pass");
    const { outputs } = await decode(config, x, { mask: causal(), starts }, { counts: [4, 1, 1] });
    expectClose(realRows(inOrder(outputs)), want, close, "with a cache");
  });

  test("what the padding holds has no influence, to the last bit", async () => {
    const other = new NdArray("float32", x.shape, (x.data as Float32Array).slice());
    (other.data as Float32Array).fill(1e6, T * N, (T + 2) * N);
    const [a, b] = [await full(positioned, x, { mask: causal(), starts }), await full(positioned, other, { mask: causal(), starts })]; // prettier-ignore
    expect(realRows(b.data as Float32Array)).toEqual(realRows(a.data as Float32Array));
  });
});

test("prompts of different lengths, padded at their end: the next step takes the padding's place", async () => {
  const fn = (params: MultiHeadParams<Tensor>, prompt: Tensor, next: Tensor, cache: MultiHeadCache<Tensor>, real: Tensor): Tensor => {
    const first = multiHead(params, positioned, { query: prompt, mask: causal(), cache });
    return multiHead(params, positioned, { query: next, mask: causal(), cache: { ...first.cache, length: real } }).output;
  }; // prettier-ignore
  const prompt = rowsOf(x, 0, 4);
  const next = rowsOf(x, 5, 6);
  const cache = emptyCache(positioned, { batchSize: B, capacity: C, perRow: true });
  const got = await evaluate(fn, paramsOf(positioned), prompt, next, cache, array(Int32Array.of(4, 1)));
  const rows = await Promise.all(
    [4, 1].map(async (length, b) => {
      const row = (a: NdArray, steps: number): readonly number[] =>
        Array.from((a.data as Float32Array).slice(b * (a.size / B), b * (a.size / B) + steps * N));
      const whole = Float32Array.from([...row(prompt, length), ...row(next, 1)]);
      const out = await full(positioned, new NdArray("float32", [1, length + 1, N], whole), { mask: causal() });
      return Array.from(out.data as Float32Array).slice(length * N);
    }),
  );
  expectClose(got.data, Float32Array.from(rows.flat()), close);
});

test("a step that finds no room gives NaN, in its row alone; a smaller length takes steps back", async () => {
  const fn = (params: MultiHeadParams<Tensor>, q: Tensor, cache: MultiHeadCache<Tensor>): Tensor =>
    multiHead(params, base, { query: q, cache }).output;
  const cache = emptyCache(base, { batchSize: B, capacity: C, perRow: true });
  const q = rowsOf(x, 0, 2);
  const filled = { ...cache, keys: rng(5).normal(cache.keys.shape, 1), values: rng(6).normal(cache.values.shape, 1) };
  const run = async (lengths: readonly number[]): Promise<readonly number[]> => {
    const given = { ...filled, length: array(Int32Array.from(lengths)) };
    return Array.from((await evaluate(fn, paramsOf(base), q, given)).data as Float32Array);
  };
  const overflowing = await run([7, 8]);
  expect(overflowing.slice(0, 2 * N).every(Number.isFinite)).toBe(true);
  expect(overflowing.slice(2 * N).every(Number.isNaN)).toBe(true);
  // Slots behind the length hold numbers, and nobody looks at them.
  const fresh = (await evaluate(fn, paramsOf(base), q, cache)).data as Float32Array;
  expectClose(await run([0, 0]), fresh, close);
});

test("gradients pass through a cache as through the full pass", async () => {
  const config = { ...base, positions: relativeBias({ buckets: 4, maxDistance: 5, bidirectional: false }) };
  const cache = emptyCache(config, { batchSize: B, capacity: T });
  const seed = rng(7).normal([B, T, N], 1);
  const run = async (output: (params: MultiHeadParams<Tensor>, q: Tensor) => Tensor): Promise<readonly NdArray[]> =>
    await evaluate(
      (params: MultiHeadParams<Tensor>, q: Tensor, weight: Tensor): readonly Tensor[] => {
        const wrt = [q, params.query.weight, params.key.weight, params.value.weight, params.positions!["table"]!];
        return gradients(sum(mul(output(params, q), weight)), wrt);
      },
      paramsOf(config),
      x,
      seed,
    );
  const whole = await run((params, q) => multiHead(params, config, { query: q, mask: causal() }).output);
  const steps = await run((params, q) => {
    const begin = mapTree(cache, (a: NdArray) => constant(a)) as MultiHeadCache<Tensor>;
    const first = multiHead(params, config, { query: sliceAxis(q, 1, 0, 4), mask: causal(), cache: begin });
    const second = multiHead(params, config, { query: sliceAxis(q, 1, 4, 6), mask: causal(), cache: first.cache });
    return concat([first.output, second.output], 1);
  });
  whole.forEach((a, i) => expectClose(steps[i]!.data, a.data, { rtol: 1e-5 }, `gradient ${i}`));
});

test("a memory that stays: projected once, as keys and values at every step", async () => {
  const config = { ...base, keySize: 5, valueSize: 3 };
  const fn = (params: MultiHeadParams<Tensor>, q: Tensor, keys: Tensor, values: Tensor): readonly Tensor[] => [
    multiHead(params, config, { query: q, keys, values }).output,
    attendMemory(params, config, projectMemory(params, config, { keys, values }), { query: q }).output,
  ];
  const [a, b] = await evaluate(fn, paramsOf(config), x, rng(8).normal([B, 4, 5], 1), rng(9).normal([B, 4, 3], 1));
  expect(b!.data).toEqual(a!.data);
});

describe("what is refused", () => {
  const params = mapTree(paramsOf(base), (a: NdArray) => input(a.shape)) as MultiHeadParams<Tensor>;
  const cache = { keys: input([B, C, 2, 2]), values: input([B, C, 2, 2]), length: input([], "int32") };
  const attend = (more: Partial<MultiHeadOptions>): unknown =>
    multiHead(params, base, { query: input([B, 1, N]), cache, ...more });
  const refused: readonly (readonly [() => unknown, string])[] = [
    [() => emptyCache(base, { batchSize: 2, capacity: 0 }), "emptyCache: capacity must be an integer >= 1, got 0"],
    [() => attend({ query: input([B, C + 1, N]) }), "room for the new steps, axis T of float32[2, 10, 2, 2], got cache.keys float32[2, 9, 2, 2]"],
    [() => attend({ query: input([B + 1, 1, N]) }), "axis B is 3 in keys of the new steps axis 0 but 2 in cache.keys axis 0"],
    [() => attend({ cache: { ...cache, keys: input([B, C, 4, 2]) } }), "axis G is 2 in keys of the new steps axis 2 but 4 in cache.keys axis 2"],
    [() => attend({ cache: { ...cache, length: input([3], "int32") } }), "cache.length must be int32 () or (2), one a row of cache.keys, got int32[3]"],
    [() => attend({ keys: input([B, 4, N]) }), "a cache must be without keys and values"],
    [
      () => attendMemory(params, base, { keys: input([B, 4, 2, 3]), values: input([B, 4, 2, 2]) }, { query: input([B, 1, N]) }),
      "attendMemory: axis D is 2 in heads of the query axis 3 but 3 in memory.keys axis 3",
    ],
  ]; // prettier-ignore
  test.each(refused)("%#", (fn, message) => expect(fn).toThrow(message));
});
