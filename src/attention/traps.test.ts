// Semantic traps of attention software, one named test each, at the level of whole attentions. Traps that belong to a part
// have their tests beside it:
//
// | trap | tests |
// |---|---|
// | polarity, fill values, integers and floats of 0 and 1, alignment, window sizes | masks/meaning.test.ts |
// | keys before values, layouts, grouped heads, soft cap before positions, dropout on request | multi-head/multi-head.test.ts |
// | causal masks with a cache, positions under left padding | multi-head/cache.test.ts, positions/positions.test.ts |
// | exact zeros, ties at the last place of top-k, the threshold of an empty row | normalizers/*.test.ts |
// | a temperature of 0, draws strictly between 0 and 1, gradients of relaxed choices | selections/selections.test.ts |
// | what REINFORCE detaches, baselines that see the sample, log p that goes to -Infinity | objectives/*.test.ts |
// | coverage over real steps alone, min(coverage, 1) of its penalty | measures/alignments.test.ts |
// | what a beam reorders | models/seq2seq |

import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/close.ts";
import { gradients } from "../core/grad.ts";
import { array, NdArray } from "../core/ndarray.ts";
import { mul } from "../core/ops/binary.ts";
import { sum } from "../core/ops/reduce.ts";
import { constant, input } from "../core/ops/source.ts";
import { randomKey, rng } from "../core/random.ts";
import { topological, type Tensor } from "../core/tensor.ts";
import { evaluate } from "../engine/compile.ts";
import { attention, type AttentionOptions } from "./dot-product/attention.ts";
import { and } from "./masks/algebra.ts";
import { bias } from "./masks/bias.ts";
import { causal } from "./masks/causal.ts";
import { keyPadding } from "./masks/key-padding.ts";
import { lengths } from "./masks/lengths.ts";
import { fromSdpa, fromTorchAttnMask } from "./masks/torch.ts";
import { weightEntropy } from "./measures/weight-entropy.ts";
import { sparsemax } from "./normalizers/sparsemax.ts";
import { observe, type ObserveOptions } from "./observe/observe.ts";

type Rest = Omit<AttentionOptions, "query" | "keys" | "values">;
type Numbers = readonly number[];
const list = (a: NdArray): Numbers => Array.from(a.data as Float32Array);
const [B, T, S, H, D] = [2, 4, 4, 2, 4];
const draw = rng(11);
const [q, k, v] = [draw.normal([B, T, H, D], 1), draw.normal([B, S, H, D], 1), draw.normal([B, S, H, D], 1)];

type Given = readonly [query: NdArray, keys: NdArray, values: NdArray, key?: NdArray];
const attend =
  (rest: (key: Tensor) => Rest = () => ({})) =>
  (query: Tensor, keys: Tensor, values: Tensor, key?: Tensor): Tensor =>
    attention({ query, keys, values, ...rest(key!) }).context;
const contextOf = async (rest?: (key: Tensor) => Rest, given: Given = [q, k, v]): Promise<Numbers> =>
  list(await evaluate(attend(rest), ...(given as [NdArray, NdArray, NdArray])));

/** The weights (B, H, T, S) of one attention, and its context. */
async function weightsOf(
  rest: (key: Tensor) => Rest = () => ({}),
  options: ObserveOptions = {},
  given: Given = [q, k, v],
): Promise<{ readonly weights: NdArray; readonly context: Numbers }> {
  const fn = observe(attend(rest), "attention", { level: "full", ...options });
  const { result, seen } = (await evaluate(fn as never, ...(given as never))) as unknown as {
    readonly result: NdArray;
    readonly seen: Readonly<Record<string, { readonly weights: NdArray }>>;
  };
  return { weights: seen["attention"]!.weights, context: list(result) };
}

/** An array with other values at some places. */
function changed(a: NdArray, at: (i: number) => boolean, to: number): NdArray {
  return new NdArray(
    "float32",
    a.shape,
    Float32Array.from(a.data as Float32Array, (x, i) => (at(i) ? to : x)),
  );
}

/** Whether element i of (B, S, H, D) belongs to position s of batch b. */
const ofKey = (b: number, s: number) => (i: number) => Math.floor(i / (H * D)) === b * S + s;

test("polarity: true attends in SDPA and blocks in nn.MultiheadAttention, so the same bits mean opposite attentions", async () => {
  const bits = array(Uint8Array.of(1, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1), { dtype: "bool", shape: [4, 4] });
  const not = array(
    Uint8Array.from(bits.data as Uint8Array, (x) => 1 - x),
    { dtype: "bool", shape: [4, 4] },
  );
  const sdpa = await contextOf(() => ({ mask: fromSdpa(bits) }));
  expect(await contextOf(() => ({ mask: fromTorchAttnMask(not) }))).toEqual(sdpa);
  expect(await contextOf(() => ({ mask: fromTorchAttnMask(bits) }))).not.toEqual(sdpa);
});

test("fill value: -10000 leaks when logits are large; a blocked key has no weight whatever its score is", async () => {
  const large = changed(k, ofKey(0, 3), 3e4);
  const mask = (): Rest => ({ mask: lengths(array(Int32Array.of(3, 4))) });
  const { weights } = await weightsOf(mask, {}, [changed(q, () => true, 3e4), large, v]);
  for (let row = 0; row < H * T; row++) expect(list(weights)[row * S + 3]).toBe(0);
});

describe("empty rows: 0, uniform or NaN elsewhere; here the policy that is declared", () => {
  const none = (): Rest => ({ mask: lengths(array(Int32Array.of(0, 4))) });

  test("zero: weights, context and gradients are 0, and zeroing after the softmax is not what stops NaN in backward", async () => {
    const fn = (query: Tensor, keys: Tensor, values: Tensor): readonly Tensor[] => {
      const context = attend(none)(query, keys, values);
      return [context, ...gradients(sum(context), [query, keys, values])];
    };
    const half = (a: NdArray): Numbers => list(a).slice(0, a.size / 2);
    for (const a of await evaluate(fn, q, k, v)) {
      expect(half(a).every((x) => x === 0)).toBe(true);
      expect(list(a).every(Number.isFinite)).toBe(true);
    }
  });

  test("uniform: the mean of all values, as in Keras and JAX", async () => {
    const bits = Uint8Array.from({ length: T * S }, (_, i) => Number(i >= S)); // query 0 sees nothing
    const mask = fromSdpa(array(bits, { dtype: "bool", shape: [T, S] }));
    const context = await contextOf(() => ({ mask, emptyRows: "uniform" }));
    const means = Array.from({ length: H * D }, (_, hd) => [0, 1, 2, 3].reduce((a, s) => a + list(v)[s * H * D + hd]! / 4, 0)); // prettier-ignore
    expectClose(context.slice(0, H * D), means, { rtol: 1e-6 });
  });

  test("0 * NaN: what stands in padding is chosen away, not multiplied by 0", async () => {
    const poisoned = [q, changed(k, ofKey(0, 2), NaN), changed(v, ofKey(0, 2), NaN)] as const;
    const mask = (): Rest => ({ mask: keyPadding(array(Uint8Array.of(1, 1, 0, 1, 1, 1, 1, 1), { dtype: "bool", shape: [2, 4] })) }); // prettier-ignore
    expect(await contextOf(mask, poisoned)).toEqual(await contextOf(mask));
  });

  test("0 * NaN of a pair: a value that some may see reaches the others unless it is guarded", async () => {
    const poisoned = [q, k, changed(v, ofKey(0, 3), NaN)] as const;
    const first = (x: Numbers): Numbers => x.slice(0, 3 * H * D);
    expect(first(await contextOf(() => ({ mask: causal() }), poisoned)).some(Number.isNaN)).toBe(true);
    const guarded = await contextOf(() => ({ mask: causal(), guard: true }), poisoned);
    expect(first(guarded)).toEqual(first(await contextOf(() => ({ mask: causal(), guard: true }))));
    expect(guarded.slice(3 * H * D, 4 * H * D).every(Number.isNaN)).toBe(true);
  });
});

test("padded queries: they get an attention like any other, finite, and the loss must leave them out", async () => {
  const real = array(Float32Array.of(1, 1, 0, 0, 1, 1, 1, 1), { shape: [2, 4, 1, 1] });
  const fn = (query: Tensor, keys: Tensor, values: Tensor): readonly Tensor[] => {
    const context = attend(() => ({ mask: lengths(constant(array(Int32Array.of(2, 4)))) }))(query, keys, values);
    return [context, ...gradients(sum(mul(context, constant(real))), [query])];
  };
  const [context, gradient] = await evaluate(fn, q, k, v);
  expect(list(context!).every(Number.isFinite)).toBe(true);
  const row = (a: NdArray, t: number): Numbers => list(a).slice(t * H * D, (t + 1) * H * D);
  expect(row(context!, 2).some((x) => x !== 0)).toBe(true);
  expect([...row(gradient!, 2), ...row(gradient!, 3)].every((x) => x === 0)).toBe(true);
});

test("scale defaults: 1 / sqrt of the head's size, not of the model's, and scores are scaled once", async () => {
  const own = await contextOf();
  expect(await contextOf(() => ({ scale: 1 / Math.sqrt(D) }))).toEqual(own);
  expect(await contextOf(() => ({ scale: 1 / Math.sqrt(H * D) }))).not.toEqual(own);
  const { weights } = await weightsOf(() => ({}), { stage: "logits" });
  const dot = Array.from({ length: D }, (_, d) => list(q)[d]! * list(k)[d]!).reduce((a, x) => a + x);
  expect(list(weights)[0]).toBeCloseTo(dot / Math.sqrt(D), 5);
});

test("argument order and layout: (batch, time, heads, size), keys by name, values of a size of their own", async () => {
  const wide = rng(2).normal([B, S, H, 7], 1);
  const { weights, context } = await weightsOf(() => ({}), {}, [q, k, wide]);
  expect(weights.shape).toEqual([B, H, T, S]);
  const [b, t, h, e] = [1, 2, 1, 5];
  const row = list(weights).slice(((b * H + h) * T + t) * S, ((b * H + h) * T + t + 1) * S);
  const want = row.reduce((a, w, s) => a + w * list(wide)[((b * S + s) * H + h) * 7 + e]!, 0);
  expect(context[((b * T + t) * H + h) * 7 + e]).toBeCloseTo(want, 5);
});

describe("dropout and returned weights", () => {
  const dropped = (key: Tensor): Rest => ({ mask: causal(), dropout: { rate: 0.5, key } });
  const keyed: Given = [q, k, v, randomKey(4)];
  const sums = (a: NdArray): Numbers => Array.from({ length: B * H * T }, (_, row) => list(a).slice(row * S, (row + 1) * S).reduce((x, y) => x + y)); // prettier-ignore

  test("returned weights: of every head, before dropout, so that rows sum to 1; after it where that is asked for", async () => {
    expectClose(sums((await weightsOf(dropped, {}, keyed)).weights), new Array<number>(B * H * T).fill(1), {
      rtol: 1e-6,
    });
    const after = await weightsOf(dropped, { stage: "dropped" }, keyed);
    expect(sums(after.weights).some((x) => Math.abs(x - 1) > 0.1)).toBe(true);
    const before = list((await weightsOf(dropped, {}, keyed)).weights);
    // Inverted scaling: what is kept is divided by 1 - rate.
    list(after.weights).forEach((w, i) => expect([0, 2 * before[i]!]).toContainEqual(w));
  });

  test("asking for weights changed the answer: here not a bit, with dropout and a causal mask", async () => {
    expect((await weightsOf(dropped, {}, keyed)).context).toEqual(await contextOf(dropped, keyed));
  });

  test("dropout changed the kernel and lost the causal mask: the future stays blocked", async () => {
    const before = await contextOf(dropped, keyed);
    const after = await contextOf(dropped, [q, changed(k, ofKey(0, 3), 9), changed(v, ofKey(0, 3), 9), randomKey(4)]);
    expect(after.slice(0, 3 * H * D)).toEqual(before.slice(0, 3 * H * D));
  });

  test("dropout has no hidden training flag: without a key nothing is dropped", async () => {
    expect(await contextOf(() => ({ dropout: { rate: 0.5, key: null } }))).toEqual(await contextOf());
  });
});

test("causal and a mask: both count, and a single query stays causal", async () => {
  const one = rng(3).normal([B, 1, H, D], 1);
  const { weights } = await weightsOf(() => ({ mask: causal({ align: "start" }) }), {}, [one, k, v]);
  expect(
    list(weights)
      .map((w, i) => (i % S === 0 ? w === 1 : w === 0))
      .every(Boolean),
  ).toBe(true);
  const both = await weightsOf(() => ({ mask: and(causal(), lengths(array(Int32Array.of(4, 2)))) }));
  list(both.weights).forEach((w, i) => {
    const [s, t, b] = [i % S, Math.floor(i / S) % T, Math.floor(i / (S * T * H))];
    if (s > t || (b === 1 && s >= 2)) expect(w).toBe(0);
  });
});

test("soft-cap order: before bias and mask, so that it turns no -Infinity into -cap and bounds no bias", async () => {
  const far = bias(array(Float32Array.of(0, 0, 0, 50)));
  const { weights } = await weightsOf(() => ({ softCap: 1, mask: far }));
  list(weights).forEach((w, i) => i % S === 3 && expect(w).toBeGreaterThan(0.999));
  const blocked = await weightsOf(() => ({ softCap: 1, mask: causal() }));
  list(blocked.weights).forEach((w, i) => i % S > Math.floor(i / S) % T && expect(w).toBe(0));
});

test("GQA head mapping: query head h reads key head floor(h G / H), as repeat_interleave has it, not h % G", async () => {
  const wide = rng(5).normal([1, 2, 4, D], 1);
  const [keys, values] = [rng(6).normal([1, 3, 2, D], 1), rng(7).normal([1, 3, 2, D], 1)];
  const repeat = (a: NdArray, heads: Numbers): NdArray =>
    array(Float32Array.from([0, 1, 2].flatMap((s) => heads.flatMap((h) => list(a).slice((s * 2 + h) * D, (s * 2 + h + 1) * D)))), { shape: [1, 3, 4, D] }); // prettier-ignore
  const grouped = await contextOf(() => ({}), [wide, keys, values]);
  const by = (heads: Numbers): Promise<Numbers> =>
    contextOf(() => ({}), [wide, repeat(keys, heads), repeat(values, heads)]);
  expect(grouped).toEqual(await by([0, 0, 1, 1]));
  expect(grouped).not.toEqual(await by([0, 1, 0, 1]));
});

test("sparse maps: of a row without keys they are 0, and exact zeros do not break the entropy", async () => {
  const { weights } = await weightsOf(() => ({ normalize: sparsemax, mask: lengths(array(Int32Array.of(0, 4))) }));
  expect(
    list(weights)
      .slice(0, H * T * S)
      .every((w) => w === 0),
  ).toBe(true);
  expect(list(weights).slice(H * T * S)).toContain(0);
  expect(list(weightEntropy(weights).entropy).every(Number.isFinite)).toBe(true);
});

test("softmax precision: the row's maximum is subtracted, so logits of 1e15 give weights and no NaN", async () => {
  for (const size of [1e4, 1e15]) {
    const { weights, context } = await weightsOf(() => ({}), {}, [changed(q, () => true, size), k, v]);
    expect([...list(weights), ...context].every(Number.isFinite)).toBe(true);
  }
});

test("device limits: no tensor of a long attention passes WebGPU's 128 MiB, in the gradient neither", () => {
  const [query, keys, values] = [0, 1, 2].map(() => input([1, 4096, 12, 64])) as unknown as readonly [Tensor, Tensor, Tensor]; // prettier-ignore
  const loss = sum(attention({ query, keys, values, mask: causal() }).context);
  // A loop has an output for each value of its body; those that nobody reads are never made.
  const read = (results: readonly Tensor[]): readonly Tensor[] => [
    ...results,
    ...topological(results).flatMap((node) => [...node.inputs, ...read(node.op.bodyOf?.(node.attrs).outputs ?? [])]),
  ];
  const all = read([loss, ...gradients(loss, [query, keys, values])]);
  const largest = Math.max(...all.map(({ shape }) => 4 * shape.reduce((a, b) => a * b, 1)));
  expect(largest).toBeLessThan(128 * 2 ** 20);
  expect(4 * 12 * 4096 * 4096).toBeGreaterThan(128 * 2 ** 20); // which all scores would
});
