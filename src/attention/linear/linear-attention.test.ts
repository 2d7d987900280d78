// Linear attention: against torch, against all weights written out, and its recurrent form.

import { describe, expect, test } from "vitest";
import type { AccuracyException } from "../../../test/accuracy.ts";
import { expectClose } from "../../../test/close.ts";
import { checkGolden, onReference, readGolden } from "../../../test/golden.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import { concat } from "../../core/ops/concat.ts";
import { sum } from "../../core/ops/reduce.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { input } from "../../core/ops/source.ts";
import { relu } from "../../core/ops/unary.ts";
import { rng } from "../../core/random.ts";
import { show, topological, type Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { and } from "../masks/algebra.ts";
import { causal } from "../masks/causal.ts";
import { keyPadding } from "../masks/key-padding.ts";
import { lengths } from "../masks/lengths.ts";
import type { Mask } from "../masks/mask.ts";
import { window } from "../masks/window.ts";
import { intervene } from "../observe/intervene.ts";
import { observe } from "../observe/observe.ts";
import { eluFeatures, type FeatureMap } from "./features.ts";
import { linearAttention, type LinearAttentionOptions } from "./linear-attention.ts";
import { positiveFeatures } from "./random-features.ts";
import { emptyLinearState, type LinearState } from "./state.ts";

const golden = readGolden("src/attention/golden/linear.json");

// With g the gradient of a context and d its divisor, the query's is the sum of g S / d and -(g · context) z / d, which
// cancel: sums over all keys, where all weights written out have (v - context) for each key. Rounding is of the larger ones.
const cancels = "sums over keys cancel where torch, which has every weight, cancels pair by pair";
const exceptions: Readonly<Record<string, Readonly<Record<string, AccuracyException>>>> = {
  "elu, grouped": { "gradient of input query": { times: 2.5, reason: cancels } },
  "positive, causal": { "gradient of input query": { times: 3, reason: cancels } },
};

test.each(Object.entries(golden))("%s equals torch", (name, c) =>
  checkGolden(c, {
    exceptions: exceptions[name] ?? {},
    load: () => ({}),
    apply(_params, { query, keys, values, lengths: n, directions }) {
      const map: FeatureMap = directions ? positiveFeatures(directions) : name.startsWith("relu") ? relu : eluFeatures;
      const mask = n ? lengths(n) : name.includes("causal") ? causal() : null;
      const given = { query: query!, keys: keys!, values: values!, featureMap: map, ...(mask ? { mask } : {}) };
      return { context: linearAttention({ ...given, chunkSize: 2 }).context };
    },
  }),
);

type Numbers = readonly number[];
interface Sizes {
  readonly B: number;
  readonly T: number;
  readonly S: number;
  readonly H: number;
  readonly D: number;
  readonly E: number;
}

/** The second derivation: weights one pair after the other, from the paper's eq. 4, in plain JavaScript. */
function byPairs(
  { B, T, S, H, D, E }: Sizes,
  [q, k, v]: readonly [Numbers, Numbers, Numbers],
  sees: (b: number, t: number, s: number) => boolean,
): Numbers {
  const elu = (x: number): number => (x > 0 ? x + 1 : Math.exp(x));
  const out: number[] = [];
  for (let b = 0; b < B; b++)
    for (let t = 0; t < T; t++)
      for (let h = 0; h < H; h++) {
        const weights = Array.from({ length: S }, (_, s) => {
          let product = 0;
          for (let d = 0; d < D; d++)
            product += elu(q[((b * T + t) * H + h) * D + d]!) * elu(k[((b * S + s) * H + h) * D + d]!);
          return sees(b, t, s) ? product : 0;
        });
        const total = weights.reduce((a, w) => a + w, 0);
        for (let e = 0; e < E; e++) {
          const found = weights.reduce((a, w, s) => a + w * v[((b * S + s) * H + h) * E + e]!, 0);
          out.push(total === 0 ? 0 : found / total);
        }
      }
  return out;
}

function operands({ B, T, S, H, D, E }: Sizes, seed = 1): readonly [NdArray, NdArray, NdArray] {
  const draw = rng(seed);
  return [draw.normal([B, T, H, D], 1), draw.normal([B, S, H, D], 1), draw.normal([B, S, H, E], 1)];
}

type Rest = Omit<LinearAttentionOptions, "query" | "keys" | "values">;
const attend =
  (rest: () => Rest = () => ({})) =>
  (query: Tensor, keys: Tensor, values: Tensor): Tensor =>
    linearAttention({ query, keys, values, ...rest() }).context;
const list = (a: NdArray): Numbers => Array.from(a.data as Float32Array);

const square: Sizes = { B: 2, T: 13, S: 13, H: 2, D: 4, E: 3 };
const padded = array(
  Uint8Array.from({ length: 26 }, (_, i) => Number(i % 5 !== 3)),
  { dtype: "bool", shape: [2, 13] },
);
const real = (b: number, s: number): boolean => (b * 13 + s) % 5 !== 3;

const cases: Readonly<
  Record<string, readonly [Sizes, () => Mask | null, (b: number, t: number, s: number) => boolean]>
> = {
  "every pair": [{ ...square, T: 5 }, () => null, () => true],
  causal: [square, () => causal(), (_b, t, s) => s <= t],
  "causal at the end": [{ ...square, T: 5 }, () => causal({ align: "end" }), (_b, t, s) => s <= t + 8],
  "causal at the start, more keys": [{ ...square, T: 5 }, () => causal({ align: "start" }), (_b, t, s) => s <= t],
  "causal at the start, more queries": [{ ...square, S: 5 }, () => causal({ align: "start" }), (_b, t, s) => s <= t],
  "causal at the end, more queries": [{ ...square, S: 5 }, () => causal({ align: "end" }), (_b, t, s) => s <= t - 8],
  "one step ahead": [square, () => window({ left: Infinity, right: 1 }), (_b, t, s) => s <= t + 1],
  padding: [square, () => keyPadding(padded), (b, _t, s) => real(b, s)],
  "causal and padding": [square, () => and(causal(), keyPadding(padded)), (b, t, s) => s <= t && real(b, s)],
  "a row without keys": [square, () => lengths(array(Int32Array.of(0, 13))), (b) => b === 1],
};

describe.each(Object.entries(cases))("%s", (_name, [sizes, mask, sees]) => {
  const rest = (chunkSize: number) => (): Rest => ({ ...(mask() ? { mask: mask()! } : {}), chunkSize });
  test.each([1, 4, 64])("is the sum over pairs, in chunks of %i", async (chunkSize) => {
    const given = operands(sizes);
    const want = byPairs(sizes, given.map(list) as never, sees);
    const got = await evaluate(attend(rest(chunkSize)), ...given);
    expectClose(got.data as Float32Array, want, { rtol: 1e-5 });
  });

  test("gradients are those of all weights written out, in float64", () => {
    const given = Object.fromEntries(operands(sizes).map((a, i) => [`${i}`, a]));
    const seed = rng(3).normal([sizes.B, sizes.T, sizes.H, sizes.E], 1);
    const grads = (weigh: (q: Tensor, k: Tensor, v: Tensor) => Tensor): readonly Numbers[] => {
      const traced = (_: unknown, x: Readonly<Record<string, Tensor>>): Record<string, Tensor> => {
        const wrt = [x["0"]!, x["1"]!, x["2"]!] as const;
        const found = gradients(sum(mul(weigh(...wrt), x["seed"]!)), wrt);
        return Object.fromEntries(found.map((g, i) => [`${i}`, g]));
      };
      return [...onReference(traced, {}, { ...given, seed }).values()].map(({ data }) => [...data]);
    };
    // Weights that are altered by nothing are written out.
    const explicit = intervene((q: Tensor, k: Tensor, v: Tensor) => attend(rest(4))(q, k, v), { attention: (w) => w });
    const want = grads(explicit);
    grads(attend(rest(4))).forEach((g, i) => expectClose(g, want[i]!, { rtol: 1e-9, atol: 1e-15 }));
  });
});

describe("the recurrent form", () => {
  const { B, H, D, E } = square;
  const steps = (q: Tensor, k: Tensor, v: Tensor, state: LinearState<Tensor>, cut: readonly number[]): Tensor => {
    const contexts: Tensor[] = [];
    cut.slice(1).forEach((to, i) => {
      const of = (x: Tensor): Tensor => sliceAxis(x, 1, cut[i]!, to);
      const given = { query: of(q), keys: of(k), values: of(v), mask: causal(), state };
      const step = linearAttention(given);
      state = step.state;
      contexts.push(step.context);
    });
    return concat(contexts, 1);
  };

  test.each([
    ["step by step", Array.from({ length: 14 }, (_, i) => i)],
    ["several at once", [0, 5, 6, 13]],
  ])("%s equals the parallel form", async (_name, cut) => {
    const given = operands(square);
    const empty = emptyLinearState({ batchSize: B, headCount: H, featureCount: D, valueSize: E });
    const fn = (q: Tensor, k: Tensor, v: Tensor, s: LinearState<Tensor>): Tensor => steps(q, k, v, s, cut);
    const got = await evaluate(fn, ...given, empty);
    const want = await evaluate(
      attend(() => ({ mask: causal() })),
      ...given,
    );
    expectClose(got.data as Float32Array, list(want), { rtol: 1e-5 });
  });

  test("a memory that stays is summed once and read by its state", async () => {
    const [q, k, v] = operands({ ...square, T: 4 });
    const fn = (query: Tensor, keys: Tensor, values: Tensor): Tensor => {
      const { state } = linearAttention({ query, keys, values });
      const none = (x: Tensor): Tensor => sliceAxis(x, 1, 0, 0);
      return linearAttention({ query, keys: none(keys), values: none(values), state }).context;
    };
    expectClose((await evaluate(fn, q, k, v)).data as Float32Array, list(await evaluate(attend(), q, k, v)), {
      rtol: 1e-6,
    });
  });
});

test("a query without features gets 0, and passes no gradient on", async () => {
  const fn = (q: Tensor, k: Tensor): readonly Tensor[] => {
    const { context } = linearAttention({ query: q, keys: k, values: k, featureMap: (x) => x });
    return [context, ...gradients(sum(context), [q, k])];
  };
  const found = await evaluate(fn, array([[[[0, 0]]]]), array([[[[1, 2]], [[3, 4]]]])); // prettier-ignore
  for (const a of found) expect(list(a).every((x) => x === 0)).toBe(true);
});

test("the state without queries holds what a query would see before its own key", async () => {
  const [, k, v] = operands(square);
  const none = new NdArray("float32", [2, 0, 2, 4], new Float32Array(0));
  const state = (align: "start" | "end") => (q: Tensor, keys: Tensor, values: Tensor): Tensor =>
    linearAttention({ query: q, keys, values, mask: causal({ align }) }).state.features; // prettier-ignore
  expect(list(await evaluate(state("start"), none, k, v)).every((x) => x === 0)).toBe(true);
  expect(list(await evaluate(state("end"), none, k, v)).every((x) => x > 0)).toBe(true);
});

test("memory grows with the length, not with its square, in the gradient too", () => {
  const largest = (T: number): number => {
    const [q, k, v] = [0, 1, 2].map(() => input([1, T, 2, 8])) as unknown as [Tensor, Tensor, Tensor];
    const loss = sum(linearAttention({ query: q, keys: k, values: v, mask: causal() }).context);
    const nodes = topological([loss, ...gradients(loss, [q, k, v])]);
    return Math.max(...nodes.flatMap((n) => n.outputs.map(({ shape }) => shape.reduce((a, b) => a * b, 1))));
  };
  expect(largest(4096)).toBe(2 * largest(2048));
  expect(largest(4096)).toBeLessThan(2 * 4096 * 65);
});

test("later keys and values never reach earlier queries, to the last bit; nor does padding, not even as NaN", async () => {
  const given = operands(square);
  const before = await evaluate(
    attend(() => ({ mask: causal() })),
    ...given,
  );
  const changed = given.map((a, i) => {
    const data = Float32Array.from(a.data as Float32Array);
    if (i > 0) for (let b = 0; b < 2; b++) data.subarray((b * 13 + 7) * (a.size / 26), (b + 1) * 13 * (a.size / 26)).fill(50); // prettier-ignore
    return new NdArray("float32", a.shape, data);
  }) as unknown as typeof given;
  const after = await evaluate(
    attend(() => ({ mask: causal() })),
    ...changed,
  );
  const rows = (a: NdArray): Numbers => [0, 1].flatMap((b) => list(a).slice(b * 78, b * 78 + 7 * 6));
  expect(rows(after)).toEqual(rows(before));

  const poisoned = given.map((a, i) => {
    const data = Float32Array.from(a.data as Float32Array);
    if (i > 0) for (let s = 0; s < 26; s++) if (!real(Math.floor(s / 13), s % 13)) data.subarray(s * (a.size / 26), (s + 1) * (a.size / 26)).fill(NaN); // prettier-ignore
    return new NdArray("float32", a.shape, data);
  }) as unknown as typeof given;
  const mask = (): Rest => ({ mask: keyPadding(padded) });
  expect(list(await evaluate(attend(mask), ...poisoned))).toEqual(list(await evaluate(attend(mask), ...given)));
});

test("its weights are a site: seen, and changed", async () => {
  const given = operands(square);
  const fn = attend(() => ({ mask: causal() }));
  const observed = observe(fn, "attention", { level: "full" });
  const { seen } = (await evaluate(observed as never, ...(given as never))) as unknown as {
    readonly seen: Readonly<Record<string, { readonly weights: NdArray }>>;
  };
  const { weights } = seen["attention"]!;
  const { B, T, H, S, E } = square;
  const values = list(given[2]);
  const contexts = Array.from({ length: B * T * H * E }, (_, i) => {
    const [e, h, t, b] = [i % E, Math.floor(i / E) % H, Math.floor(i / E / H) % T, Math.floor(i / E / H / T)];
    const row = list(weights).slice(((b * H + h) * T + t) * S, ((b * H + h) * T + t + 1) * S);
    return row.reduce((total, w, s) => total + w * values[((b * S + s) * H + h) * E + e]!, 0);
  });
  expectClose(list(await evaluate(fn, ...given)), contexts, { rtol: 1e-5 });
  const ablated = intervene(fn, { attention: (w) => mul(w, 0) });
  expect(list(await evaluate(ablated, ...given)).every((x) => x === 0)).toBe(true);
});

describe("what is refused", () => {
  const [q, k, v] = [input([2, 5, 4, 3]), input([2, 6, 2, 3]), input([2, 6, 2, 7])];
  const call =
    (more: object): (() => unknown) =>
    () =>
      linearAttention({ query: q, keys: k, values: v, ...more } as never);
  const state = { features: input([2, 4, 3]), values: input([2, 4, 3, 6]) };
  test.each<readonly [string, () => unknown, string]>([
    ["an unknown option", call({ causal: true }), "linearAttention: options must be among query, keys"],
    [
      "another length of values",
      call({ values: input([2, 5, 2, 7]) }),
      "linearAttention: axis S is 6 in keys axis 1 but 5",
    ],
    [
      "heads that do not divide",
      call({ keys: input([2, 6, 3, 3]), values: input([2, 6, 3, 7]) }),
      "heads of the queries must be a multiple",
    ],
    ["integers", call({ query: input([2, 5, 4, 3], "int32") }), "query must be float32, got int32"],
    [
      "a window",
      call({ mask: window({ left: 2, right: 0, align: "end" }) }),
      "no pair's weight is ever made, got window",
    ],
    ["a causal mask without alignment", call({ mask: causal() }), "align"],
    ["a map that is none", call({ featureMap: 3 }), "featureMap must be a function of vectors, got a number"],
    [
      "a map of other axes",
      call({ featureMap: (x: Tensor) => sum(x, -1) }),
      "featureMap must make float32[2, 5, 4, M] of query",
    ],
    [
      "maps that disagree",
      call({ featureMap: (x: Tensor, role: string) => (role === "keys" ? concat([x, x], -1) : x) }),
      "the same number of features",
    ],
    ["chunks of nothing", call({ chunkSize: 0 }), "chunkSize must be an integer >= 1, got 0"],
    [
      "another state",
      call({ state }),
      `state.values must be float32[2, 4, 3, 7], of these heads, features and values, got ${show(state.values)}`,
    ],
    [
      "a state of no size",
      () => emptyLinearState({ batchSize: 1, headCount: 0, featureCount: 1, valueSize: 1 }),
      "headCount must be an integer >= 1",
    ],
  ])("%s", (_name, fn, message) => expect(fn).toThrow(message));
});
