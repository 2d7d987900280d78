// Local attention is attention under its mask, in results and gradients; what it holds grows with the length.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { checkGolden, onReference, readGolden } from "../../../test/golden.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { lessEqual } from "../../core/ops/compare.ts";
import { gather } from "../../core/ops/gather.ts";
import { sum } from "../../core/ops/reduce.ts";
import { cast } from "../../core/ops/select.ts";
import { constant, input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import { topological, type Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { attention, type AttentionOptions } from "../dot-product/attention.ts";
import { allow } from "../masks/allow.ts";
import { and } from "../masks/algebra.ts";
import { bias } from "../masks/bias.ts";
import { causal } from "../masks/causal.ts";
import { lengths } from "../masks/lengths.ts";
import { maskMod } from "../masks/mask-mod.ts";
import { window } from "../masks/window.ts";
import { sparsemax } from "../normalizers/sparsemax.ts";
import { intervene } from "../observe/intervene.ts";
import { observe } from "../observe/observe.ts";
import { sites } from "../observe/sites.ts";
import { chunkWindow, type ChunkWindowOptions } from "./chunk-window.ts";
import { localAttention, type LocalAttentionOptions } from "./local-attention.ts";

const golden = Object.entries(readGolden("src/attention/golden/dot-product.json")).filter(([name]) => name.startsWith("local")); // prettier-ignore
const chunksOf: Readonly<Record<string, Omit<LocalAttentionOptions, "query" | "keys" | "values">>> = {
  "local: 2, one behind": { chunkSize: 2 },
  "local: 3, one behind, causal": { chunkSize: 3, mask: causal() },
  "local: 2, one behind and ahead": { chunkSize: 2, lookBack: 1, lookForward: 1 },
  "local: 3, none, grouped": { chunkSize: 3, lookBack: 0 },
};

test.each(golden)("%s equals torch", (name, c) =>
  checkGolden(c, {
    load: () => ({}),
    apply: (_params, { query, keys, values }) => ({
      context: localAttention({ query: query!, keys: keys!, values: values!, ...chunksOf[name]! }).context,
    }),
  }),
);

type Rest = Omit<AttentionOptions, "query" | "keys" | "values" | "lowering" | "dropout" | "emptyRows">;
const [B, H, D, E] = [2, 2, 4, 3];

function operands(T: number, G = H): readonly NdArray[] {
  const draw = rng(1);
  return [draw.normal([B, T, H, D], 1), draw.normal([B, T, G, D], 1), draw.normal([B, T, G, E], 1), draw.normal([B, T, H, E], 1)]; // prettier-ignore
}

/** Contexts and gradients by `attend`, in float64. */
function run(
  given: readonly NdArray[],
  attend: (q: Tensor, k: Tensor, v: Tensor) => Tensor,
): readonly (readonly number[])[] {
  const traced = (_: unknown, x: Readonly<Record<string, Tensor>>): Record<string, Tensor> => {
    const wrt = [x["0"]!, x["1"]!, x["2"]!] as const;
    const context = attend(...wrt);
    const found = gradients(sum(mul(context, x["3"]!)), wrt);
    return { context, ...Object.fromEntries(found.map((g, i) => [`${i}`, g])) };
  };
  const inputs = Object.fromEntries(given.map((a, i) => [`${i}`, a]));
  return [...onReference(traced, {}, inputs).values()].map(({ data }) => [...data]);
}

const stored = array(Uint8Array.from({ length: B * 11 * 11 }, (_, i) => Number(i % 7 !== 0)), { dtype: "bool", shape: [B, 1, 11, 11] }); // prettier-ignore
const table = rng(5).normal([11], 1);
const added = rng(4).normal([1, H, 11, 11], 1);
const chunks: readonly ChunkWindowOptions[] = [
  { chunkSize: 4 },
  { chunkSize: 3, lookBack: 2, lookForward: 1 },
  { chunkSize: 1, lookBack: 0 },
  { chunkSize: 5, lookBack: 0, lookForward: 2 },
  { chunkSize: 20 },
];
const cases: Readonly<Record<string, () => Rest>> = {
  "no other mask": () => ({}),
  causal: () => ({ mask: causal() }),
  "a sliding window": () => ({ mask: window({ left: 2, right: 1 }) }),
  "lengths, one of them 0": () => ({ mask: lengths(array(Int32Array.of(0, 7))) }),
  "a stored mask and a bias": () => ({ mask: and(allow(stored), bias(added)) }),
  "a function of positions": () => ({ mask: maskMod(({ query, key }) => lessEqual(key, add(query, 1))) }),
  "a cap, a scale, a function on scores": () => ({
    softCap: 2,
    scale: 0.7,
    scoreMod: (scores, { query, key }) => add(scores, mul(cast(add(key, mul(query, -1)), "float32"), 0.3)),
  }),
  sparsemax: () => ({ normalize: sparsemax }),
  "a function that looks positions up in tables": () => ({
    scoreMod: (scores, { query, key }) =>
      add(add(scores, gather(constant(table), query)), gather(constant(table), key)),
  }),
};

describe.each(Object.entries(cases))("%s", (_name, rest) => {
  test.each(chunks)("%o is attention under the mask", (options) => {
    const given = operands(11);
    const want = run(given, (query, keys, values) => {
      const { mask, ...others } = rest();
      const near = chunkWindow(options);
      return attention({ query, keys, values, ...others, mask: mask ? and(near, mask) : near }).context;
    });
    const got = run(
      given,
      (query, keys, values) => localAttention({ query, keys, values, ...rest(), ...options }).context,
    );
    got.forEach((values, i) => expectClose(values, want[i]!, { rtol: 1e-12, atol: 1e-13 }));
  });
});

test("on the device too, with grouped heads", async () => {
  const [q, k, v] = operands(37, 1) as unknown as [NdArray, NdArray, NdArray];
  const options = { chunkSize: 8, lookForward: 1 };
  const local = await evaluate((query: Tensor, keys: Tensor, values: Tensor) => localAttention({ query, keys, values, ...options }).context, q, k, v); // prettier-ignore
  const whole = await evaluate((query: Tensor, keys: Tensor, values: Tensor) => attention({ query, keys, values, mask: chunkWindow(options) }).context, q, k, v); // prettier-ignore
  expectClose(local.data as Float32Array, whole.data as Float32Array, { rtol: 1e-6 });
});

test("chunks that are longer than the sequence, or beside it, cost no more than the sequence", () => {
  const facts = (options: ChunkWindowOptions): readonly unknown[] =>
    sites((x: Tensor) => localAttention({ query: x, keys: x, values: x, ...options }).context, input([1, 12, 2, 4]));
  expect(facts({ chunkSize: 4096 })).toEqual(facts({ chunkSize: 12, lookBack: 0 }));
  expect(facts({ chunkSize: 4, lookBack: 1e9, lookForward: 1e9 })).toEqual(facts({ chunkSize: 4, lookBack: 2, lookForward: 2 })); // prettier-ignore
  const x = input([1, 12, 2, 4]);
  const sizes = topological([localAttention({ query: x, keys: x, values: x, chunkSize: 4096 }).context]).flatMap(
    ({ outputs }) => outputs.map(({ shape }) => shape.reduce((a, b) => a * b, 1)),
  );
  expect(Math.max(...sizes)).toBe(2 * 12 * 12);
});

test("what is held grows with the length times the chunk, in the gradient too", () => {
  const largest = (T: number, chunkSize: number): number => {
    const [q, k, v] = [0, 1, 2].map(() => input([1, T, 2, 8])) as unknown as [Tensor, Tensor, Tensor];
    const loss = sum(localAttention({ query: q, keys: k, values: v, chunkSize, mask: causal() }).context);
    const nodes = topological([loss, ...gradients(loss, [q, k, v])]);
    return Math.max(...nodes.flatMap((n) => n.outputs.map(({ shape }) => shape.reduce((a, b) => a * b, 1))));
  };
  expect(largest(2048, 32)).toBe(2 * 2048 * 64); // H T (2 w): the scores
  expect(largest(4096, 32)).toBe(2 * largest(2048, 32));
  expect(largest(4096, 64)).toBe(2 * largest(4096, 32));
});

test("keys outside of its chunks never reach a query, not even as NaN; nor does padding", async () => {
  const [q, k, v] = operands(12) as unknown as [NdArray, NdArray, NdArray];
  const fn = (query: Tensor, keys: Tensor, values: Tensor): Tensor =>
    localAttention({ query, keys, values, chunkSize: 3, mask: lengths(array(Int32Array.of(12, 9))) }).context;
  const poison = (a: NdArray, from: number, to: number, b: number): NdArray => {
    const data = Float32Array.from(a.data as Float32Array);
    const step = a.size / 24;
    data.subarray((b * 12 + from) * step, (b * 12 + to) * step).fill(NaN);
    return new NdArray("float32", a.shape, data);
  };
  const before = (await evaluate(fn, q, k, v)).data as Float32Array;
  const padded = (await evaluate(fn, q, poison(k, 9, 12, 1), poison(v, 9, 12, 1))).data as Float32Array;
  expect([...padded]).toEqual([...before]);
  // Chunk 0 is seen by chunks 0 and 1.
  const far = (await evaluate(fn, q, poison(k, 0, 3, 0), poison(v, 0, 3, 0))).data as Float32Array;
  expect([...far.subarray(6 * H * E)]).toEqual([...before.subarray(6 * H * E)]);
});

test("its weights are a site of the whole scores: seen, and changed", async () => {
  const [q, k, v] = operands(6) as unknown as [NdArray, NdArray, NdArray];
  const fn = (query: Tensor, keys: Tensor, values: Tensor): Tensor => localAttention({ query, keys, values, chunkSize: 2 }).context; // prettier-ignore
  const observed = observe(fn, "attention", { level: "full" });
  const { seen } = (await evaluate(observed as never, ...([q, k, v] as never))) as unknown as {
    readonly seen: Readonly<Record<string, { readonly weights: NdArray }>>;
  };
  const { weights } = seen["attention"]!;
  expect(weights.shape).toEqual([B, H, 6, 6]);
  const last = [...(weights.data as Float32Array).subarray(30, 36)];
  expect(last.slice(0, 2)).toEqual([0, 0]);
  expect(last.reduce((a, w) => a + w)).toBeCloseTo(1, 6);
  const ablated = intervene(fn as (...given: readonly Tensor[]) => Tensor, { attention: (w) => mul(w, 0) });
  const nothing = await evaluate(ablated as typeof fn, q, k, v);
  expect([...(nothing.data as Float32Array)].every((x) => x === 0)).toBe(true);
});

test("a chunk window says which pairs meet", () => {
  const mask = chunkWindow({ chunkSize: 3, lookBack: 1 });
  expect(mask.explain(7, 2)).toEqual({
    allowed: false,
    rules: [
      {
        rule: "chunkWindow(3, back: 1, forward: 0)",
        allowed: false,
        why: "key 2 is outside 3 to 8, the chunks of query 7",
      },
    ],
  });
  const sizes = { batchSize: 1, headCount: 1, queryLength: 8, keyLength: 8 };
  expect([0, 3, 7].map((query) => mask.keyRange(query, sizes))).toEqual([
    [0, 3],
    [0, 6],
    [3, 8],
  ]);
});

describe("what is refused", () => {
  const [q, k] = [input([1, 6, 2, 4]), input([1, 5, 2, 4])];
  const call = (more: object): (() => unknown) => () => localAttention({ query: q, keys: q, values: q, chunkSize: 2, ...more } as never); // prettier-ignore
  test.each<readonly [string, () => unknown, string]>([
    [
      "another number of keys",
      call({ keys: k, values: k }),
      "chunkWindow: chunks must be of as many queries as keys, got scores float32[1, 2, 6, 5]",
    ],
    ["no size", call({ chunkSize: undefined }), "localAttention: chunkSize must be an integer >= 1, got undefined"],
    ["uniform empty rows", call({ emptyRows: "uniform" }), "localAttention: emptyRows must be zero or throw"],
    [
      "a query without keys",
      call({ emptyRows: "throw", mask: lengths(array(Int32Array.of(0))) }),
      'by emptyRows: "throw", got none for query 0 under and(chunkWindow(2',
    ],
    ["half a chunk", call({ lookBack: 0.5 }), "lookBack must be an integer >= 0, got 0.5"],
    ["dropout", call({ dropout: { rate: 0.1, key: null } }), "localAttention: options must be among"],
    ["a lowering", call({ lowering: "plain" }), '"lowering"'],
    [
      "a mask alone",
      () => chunkWindow({ chunkSize: 2, causal: true } as never),
      'chunkWindow: options must be among chunkSize, lookBack, lookForward, got "causal"',
    ],
  ])("%s", (_name, fn, message) => expect(fn).toThrow(message));
});
