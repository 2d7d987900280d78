// Observing never changes the answer; intervening changes it as it says.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { equal, not } from "../../core/ops/compare.ts";
import { scan } from "../../core/ops/scan.ts";
import { cast } from "../../core/ops/select.ts";
import { sum } from "../../core/ops/reduce.ts";
import { input } from "../../core/ops/source.ts";
import { randomKey, rng } from "../../core/random.ts";
import { scope } from "../../core/scope.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import { evaluate, compile } from "../../engine/compile.ts";
import { attend, initAttention, prepareMemory } from "../attend.ts";
import { cells } from "../cells.ts";
import type { CellParams } from "../contract.ts";
import { attention, type AttentionOptions } from "../dot-product/attention.ts";
import { causal } from "../masks/causal.ts";
import { lengths } from "../masks/lengths.ts";
import { intervene, type Intervention } from "./intervene.ts";
import { observe, type Observed } from "./observe.ts";
import { sites } from "./sites.ts";

type Run = (...args: readonly unknown[]) => Promise<unknown>;
type Seen = Readonly<Record<string, Readonly<Record<string, NdArray>>>>;
const run = evaluate as unknown as (...args: readonly unknown[]) => Promise<unknown>;
const floats = (a: NdArray): Float32Array => a.data as Float32Array;

const [B, T, H, D] = [2, 300, 2, 8];
const draw = rng(5);
const operands = [0, 1, 2].map(() => draw.normal([B, T, H, D], 1));
const rowLengths = new NdArray("int32", [B], Int32Array.of(170, 300));

const layer =
  (options: Partial<AttentionOptions> = {}) =>
  (query: Tensor, keys: Tensor, values: Tensor): Tensor =>
    scope("encoder.0", () => attention({ query, keys, values, ...options }).context);

const ways: Readonly<Record<string, () => Partial<AttentionOptions>>> = {
  "in primitives": () => ({ lowering: "plain", mask: lengths(rowLengths) }),
  "in blocks": () => ({ lowering: "blocked", mask: causal({}) }),
  "a fused kernel": () => ({ lowering: "fused", mask: causal({}) }),
};

describe.each(Object.entries(ways))("attention over sequences, %s", (_name, options) => {
  const whole = run((...x: [Tensor, Tensor, Tensor]) => layer(options())(...x), ...operands) as Promise<NdArray>;
  const weightsOf = async (): Promise<Float32Array> => {
    const fn = observe(layer(options()), "encoder.0.attention");
    const { seen } = (await run(fn, ...operands)) as { readonly seen: Seen };
    return floats(seen["encoder.0.attention"]!["weights"]!);
  };

  test.each(["cpu", "wasm"] as const)(
    "on %s the result is the same to the last bit, whatever is observed",
    async (device) => {
      const f = compile(layer(options()), { device }) as unknown as Run;
      const expected = (await f(...operands)) as NdArray;
      for (const wanted of [
        {},
        { stage: "logits" },
        { stage: "masked" },
        { stage: "dropped" },
        { level: "rows", queries: [0, 299, 7] },
        { level: "summary" },
      ] as const) {
        const g = compile(observe(layer(options()), "*", wanted), { device }) as unknown as Run;
        const { result } = (await g(...operands)) as Observed<NdArray>;
        expect(Buffer.compare(Buffer.from(result.data.buffer), Buffer.from(expected.data.buffer))).toBe(0);
      }
    },
  );

  test("weights are what the values were summed by", async () => {
    const weights = await weightsOf();
    const context = floats(await whole);
    const values = floats(operands[2]!);
    const got = context.map((_, i) => {
      const [d, h, t, b] = [i % D, Math.floor(i / D) % H, Math.floor(i / (D * H)) % T, Math.floor(i / (D * H * T))];
      let total = 0;
      for (let s = 0; s < T; s++)
        total += weights[((b * H + h) * T + t) * T + s]! * values[((b * T + s) * H + h) * D + d]!;
      return total;
    });
    expectClose(got, context, { rtol: 1e-4, atol: 1e-5 });
  });

  test("rows and summary say what the weights say", async () => {
    const weights = await weightsOf();
    const queries = [299, 0, 41];
    const fn = observe(layer(options()), "encoder.*", { level: "rows", queries });
    const { seen } = (await run(fn, ...operands)) as { readonly seen: Seen };
    const rows = seen["encoder.0.attention"]!["weights"]!;
    expect(rows.shape).toEqual([B, H, 3, T]);
    const expected = Array.from({ length: B * H }, (_, bh) => queries.map((q) => [...weights.subarray((bh * T + q) * T, (bh * T + q + 1) * T)])); // prettier-ignore
    expectClose(floats(rows), expected.flat(2), { rtol: 1e-5, atol: 1e-7 });
    const short = (await run(observe(layer(options()), "*", { level: "summary" }), ...operands)) as {
      readonly seen: Seen;
    };
    const summary = short.seen["encoder.0.attention"]!;
    const each = (of: (row: Float32Array, query: number) => number): readonly number[] =>
      Array.from({ length: B * H * T }, (_, i) => of(weights.subarray(i * T, (i + 1) * T), i % T));
    const close = { rtol: 1e-4, atol: 1e-5 };
    expect(summary["entropy"]!.shape).toEqual([B, H, T]);
    expectClose(floats(summary["entropy"]!), each((row) => row.reduce((e, w) => (w > 0 ? e - w * Math.log(w) : e), 0)), close); // prettier-ignore
    expectClose(floats(summary["maximum"]!), each((row) => Math.max(...row)), close); // prettier-ignore
    expectClose(
      floats(summary["sink"]!),
      each((row) => row[0]!),
      close,
    );
    expectClose(floats(summary["distance"]!), each((row, q) => row.reduce((d, w, s) => d + w * Math.abs(s - q), 0)), close); // prettier-ignore
  });
});

test.each([
  [0, 5],
  [5, 0],
  [0, 0],
])("%i queries and %i keys have a summary too", async (queries, keys) => {
  const empty = (length: number): NdArray => new NdArray("float32", [1, length, 2, 4], new Float32Array(8 * length));
  const fn = observe(layer(), "*", { level: "summary" });
  const { seen } = (await run(fn, empty(queries), empty(keys), empty(keys))) as { readonly seen: Seen };
  for (const a of Object.values(seen["encoder.0.attention"]!)) {
    expect(a.shape).toEqual([1, 2, queries]);
    expect(floats(a).every((x) => x === 0)).toBe(true);
  }
});

test("a summary needs no memory that grows with the square of the length", () => {
  const long = (length: number): number => {
    const shape = [1, length, 1, 8];
    const args = [0, 1, 2].map(() => input(shape)) as [Tensor, Tensor, Tensor];
    const largest = (t: Tensor): number => Math.max(...t.node.outputs.map((o) => o.shape.reduce((a, b) => a * b, 1)));
    const { seen } = observe(layer({ lowering: "blocked" }), "*", { level: "summary" })(...args);
    const all = Object.values(seen).flatMap((taken) => Object.values(taken));
    const queue = [...all];
    let most = 0;
    const met = new Set<Tensor>();
    while (queue.length > 0) {
      const t = queue.pop()!;
      if (met.has(t)) continue;
      met.add(t);
      most = Math.max(most, largest(t));
      queue.push(...t.node.inputs);
    }
    return most;
  };
  expect(long(8192)).toBeLessThanOrEqual(2 * long(4096));
});

describe("steps of a decoder", () => {
  const [K, S] = [4, 5];
  const params = initAttention(cells.coverage, { querySize: K, keySize: K, alignmentSize: 6 }, rng(4));
  const given = { queries: draw.normal([3, B, K], 1), keys: draw.normal([B, S, K], 1) };

  const unrolled = (p: CellParams<Tensor>, { queries, keys }: Record<string, Tensor>): readonly Tensor[] => {
    const memory = prepareMemory(cells.coverage, p, { keys: keys!, values: keys!, mask: null });
    let state: ReturnType<typeof attend>["state"] | undefined;
    return scope("decoder", () =>
      [0, 1, 2].map((i) => {
        const query = sum(mul(queries!, cast(equal(stepsOf(queries!), i), "float32")), 0);
        const step = attend(cells.coverage, p, memory, query, state ? { state } : {});
        state = step.state;
        return step.context;
      }),
    );
  };
  const looped = (p: CellParams<Tensor>, { queries, keys }: Record<string, Tensor>): Tensor => {
    const memory = prepareMemory(cells.coverage, p, { keys: keys!, values: keys!, mask: null });
    const first = { coverage: mul(sum(keys!, -1), 0) };
    return scope(
      "decoder",
      () =>
        scan(
          (coverage: { readonly coverage: Tensor }, query: Tensor) => {
            const step = attend(cells.coverage, p, memory, query, { state: { score: coverage } });
            return { state: (step.state as { score: typeof coverage }).score, outputs: step.context };
          },
          { initial: first, sequences: queries! },
        ).outputs,
    );
  };
  function stepsOf(queries: Tensor): Tensor {
    return cast(add(mul(queries, 0), constantSteps), "int32");
  }
  let constantSteps: Tensor;

  test("repeats are numbered, and a loop is seen as one site with a first axis for its steps", async () => {
    const { constant } = await import("../../core/ops/source.ts");
    constantSteps = constant(new NdArray("float32", [3, 1, 1], Float32Array.of(0, 1, 2)));
    const plain = (await run(unrolled, params, given)) as readonly NdArray[];
    const a = (await run(observe(unrolled, "decoder.*"), params, given)) as { readonly result: readonly NdArray[]; readonly seen: Seen }; // prettier-ignore
    expect(Object.keys(a.seen)).toEqual(["decoder.attention", "decoder.attention#1", "decoder.attention#2"]);
    a.result.forEach((r, i) => expect([...floats(r)]).toEqual([...floats(plain[i]!)]));
    const whole = (await run(looped, params, given)) as NdArray;
    const b = (await run(observe(looped, "decoder.*"), params, given)) as {
      readonly result: NdArray;
      readonly seen: Seen;
    };
    expect([...floats(b.result)]).toEqual([...floats(whole)]);
    const stacked = b.seen["decoder.attention"]!["weights"]!;
    expect(stacked.shape).toEqual([3, B, 1, 1, S]);
    const rows = Object.values(a.seen).flatMap(({ weights }) => [...floats(weights!)]);
    expectClose(floats(stacked), rows, { rtol: 1e-5, atol: 1e-7 });
  });
});

test("to look at what was dropped draws nothing anew", async () => {
  const key = randomKey(3);
  const fn = (k: Tensor, query: Tensor): Tensor =>
    attention({ query, keys: query, values: query, dropout: { rate: 0.5, key: k } }).context;
  const x = draw.normal([1, 6, 1, 4], 1);
  const plain = (await run(fn, key, x)) as NdArray;
  const { result, seen } = (await run(observe(fn, "*", { stage: "dropped" }), key, x)) as {
    result: NdArray;
    seen: Seen;
  };
  expect([...floats(result)]).toEqual([...floats(plain)]);
  const weights = floats(seen["attention"]!["weights"]!);
  expect(weights.some((w) => w === 0)).toBe(true);
  const got = Array.from({ length: 24 }, (_, i) => {
    let total = 0;
    for (let s = 0; s < 6; s++) total += weights[Math.floor(i / 4) * 6 + s]! * floats(x)[s * 4 + (i % 4)]!;
    return total;
  });
  expectClose(got, floats(plain), { rtol: 1e-5, atol: 1e-6 });
});

describe("intervene", () => {
  const ablate =
    (head: number): Intervention =>
    (weights, { at }) =>
      mul(weights, cast(not(equal(at.head, head)), "float32"));

  test.each(Object.entries(ways))("a head is ablated, %s", async (_name, options) => {
    const plain = floats((await run(layer(options()), ...operands)) as NdArray);
    const without = floats(
      (await run(intervene(layer(options()), { "encoder.*": ablate(1) }), ...operands)) as NdArray,
    );
    without.forEach((x, i) => {
      if (Math.floor(i / D) % H === 1) expect(x).toBe(0);
    });
    const kept = (x: Float32Array): readonly number[] => [...x].filter((_, i) => Math.floor(i / D) % H === 0);
    expectClose(kept(without), kept(plain), { rtol: 1e-4, atol: 1e-5 });
  });

  test("a step of a decoder looks where it is told to", async () => {
    const keys = draw.normal([B, 5, 4], 1);
    const query = draw.normal([B, 4], 1);
    const none = { score: {}, window: {}, normalizer: {}, selection: {} };
    const fn = (q: Tensor, k: Tensor): Tensor =>
      attend(cells.dot, none, prepareMemory(cells.dot, none, { keys: k, values: k, mask: null }), q).context;
    const pin: Intervention = (_weights, { at }) => add(mul(_weights, 0), cast(equal(at.key, 3), "float32"));
    const context = (await run(intervene(fn, { attention: pin }), query, keys)) as NdArray;
    expect([...floats(context)]).toEqual(
      [0, 1].flatMap((b) => [...floats(keys).slice((b * 5 + 3) * 4, (b * 5 + 4) * 4)]),
    );
  });

  test("what is observed is what was intervened", async () => {
    const fn = observe(intervene(layer({ mask: causal({}) }), { "*": ablate(0) }), "*");
    const { seen } = (await run(fn, ...operands)) as { readonly seen: Seen };
    expect(
      floats(seen["encoder.0.attention"]!["weights"]!)
        .subarray(0, T * T)
        .every((w) => w === 0),
    ).toBe(true);
  });
});

test("sites lists attentions with their sizes and cost", () => {
  expect(sites(layer(), ...operands)).toEqual([
    { site: "encoder.0.attention", shape: [B, H, T, T], flops: 4 * B * H * T * T * D, scoreBytes: 4 * B * H * T * T },
  ]);
});

describe("refuses", () => {
  const args = mapTree<unknown, NdArray, Tensor>(operands, (a) => input(a.shape)) as unknown as [
    Tensor,
    Tensor,
    Tensor,
  ];
  test.each<[string, () => unknown, string]>([
    [
      "no such site",
      () => observe(layer(), "decoder.*")(...args),
      "observe: some attention must have such a name, got decoder.*. There are encoder.0.attention.",
    ],
    [
      "an intervention that meets nothing",
      () => intervene(layer(), { x: ablated })(...args),
      "intervene: some attention must have such a name, got x. There are encoder.0.attention.",
    ],
    [
      "an unknown stage",
      () => observe(layer(), "*", { stage: "scores" as never }),
      "observe: stage must be one of logits, masked, probs, dropped, got scores",
    ],
    [
      "rows without queries",
      () => observe(layer(), "*", { level: "rows" }),
      "observe: queries are required for level rows, and for no other, got level rows",
    ],
    [
      "a query that is none",
      () => observe(layer(), "*", { level: "rows", queries: [300] })(...args),
      "observe: queries must be positions from 0 to 299, at least one, got 300",
    ],
    [
      "a pattern that is a number",
      () => observe(layer(), 3 as never),
      "observe: the sites must be a pattern, or a list of patterns, such as encoder.*, got a number",
    ],
    ["no function", () => observe(3 as never, "*"), "observe: a function is required, got a number"],
  ])("%s", (_name, act, message) => {
    expect(act).toThrow(message);
  });
  function ablated(weights: Tensor): Tensor {
    return weights;
  }
});
