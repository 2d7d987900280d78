// What every attention cell promises: blocked positions have no influence at all, an empty row gives zeros, the order of
// positions does not matter, and a row does not feel its neighbours.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/close.ts";
import { array, NdArray, zeros } from "../core/ndarray.ts";
import { gradients } from "../core/grad.ts";
import { add, mul } from "../core/ops/binary.ts";
import { sum } from "../core/ops/reduce.ts";
import { input } from "../core/ops/source.ts";
import { rng } from "../core/random.ts";
import { scope } from "../core/scope.ts";
import type { Tensor } from "../core/tensor.ts";
import { leaves, mapTree } from "../core/tree.ts";
import { evaluate } from "../engine/compile.ts";
import { attend, initAttention, prepareMemory } from "./attend.ts";
import { cells } from "./cells.ts";
import type { AttentionCell, CellParams } from "./contract.ts";
import { maskedSoftmax, softmaxNormalizer } from "./normalizers/softmax.ts";
import { sites } from "./observe/sites.ts";
import { dot } from "./scores/dot.ts";

const [B, S, K, V] = [3, 5, 4, 3];

interface Given {
  readonly query: NdArray;
  readonly keys: NdArray;
  readonly values: NdArray;
  readonly mask: NdArray | null;
}

/** Outputs, and the gradients of a weighted sum of them with respect to query, keys, values and parameters. */
async function run(cell: AttentionCell, params: unknown, { mask, ...given }: Given): Promise<Record<string, number[]>> {
  const fn = (
    p: CellParams<Tensor>,
    { query, keys, values }: Record<string, Tensor>,
    m: { readonly mask?: Tensor },
  ): unknown => {
    const memory = prepareMemory(cell, p, { keys: keys!, values: values!, mask: m.mask ?? null });
    const { context, weights } = attend(cell, p, memory, query!);
    const loss = add(sum(mul(context, context)), sum(mul(weights, mul(weights, weights))));
    const own = leaves<Tensor>(p);
    const all = gradients(loss, [query!, keys!, values!, ...own.map(([, t]) => t)]);
    const names = ["query", "keys", "values", ...own.map(([path]) => path)];
    return { context, weights, ...Object.fromEntries(all.map((g, i) => [`gradient of ${names[i]}`, g])) };
  };
  const call = evaluate as unknown as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
  const out = await call(fn, params, given, mask ? { mask } : {});
  return Object.fromEntries(Object.entries(out).map(([name, a]) => [name, [...(a.data as Float32Array)]]));
}

const draw = rng(3);
const given: Given = {
  query: draw.normal([B, K], 1),
  keys: draw.normal([B, S, K], 1),
  values: draw.normal([B, S, V], 1),
  mask: array([[true, true, true, true, true], [true, false, true, true, false], [true, true, false, false, false]]), // prettier-ignore
};
const floats = (a: NdArray): Float32Array => a.data as Float32Array;
const allowed = (position: number): boolean => given.mask!.data[position] === 1;

/** Keys or values with other elements at blocked positions. */
function disturbed(a: NdArray, value: (i: number) => number): NdArray {
  const width = a.shape[2]!;
  return new NdArray(
    "float32",
    a.shape,
    floats(a).map((v, i) => (allowed(Math.floor(i / width)) ? v : value(i))),
  );
}

/** Rows or positions of an array in another order. */
function reordered(a: NdArray, axis: 0 | 1, order: readonly number[]): NdArray {
  const inner = a.shape.slice(axis + 1).reduce((x, y) => x * y, 1);
  const outer = axis === 0 ? 1 : a.shape[0]!;
  const n = a.shape[axis]!;
  const data = (a.data as Uint8Array).slice(0, outer * order.length * inner);
  for (let o = 0; o < outer; o++)
    order.forEach((from, to) => {
      for (let k = 0; k < inner; k++)
        data[(o * order.length + to) * inner + k] = a.data[(o * n + from) * inner + k] as number;
    });
  return new NdArray(a.dtype, a.shape.map((size, i) => (i === axis ? order.length : size)), data); // prettier-ignore
}

// What knows positions promises less: windows.test.ts and scores.test.ts say what.
const positional = ["local-m", "local-p", "location"];
const mechanisms = Object.entries(cells)
  .filter(([name]) => !positional.includes(name))
  .map(
    ([name, cell]) =>
      [name, cell, initAttention(cell, { querySize: K, keySize: K, alignmentSize: 6 }, rng(4))] as const,
  );

describe.each(mechanisms)("%s", (_name, cell, params) => {
  test.each([
    ["other numbers", (i: number) => 100 * Math.sin(i)],
    ["Infinity", () => Infinity],
    ["NaN", () => NaN],
  ])("blocked keys and values have no influence, to the last bit, in results and gradients: %s", async (_, value) => {
    const plain = await run(cell, params, given);
    const keys = disturbed(given.keys, value);
    const values = disturbed(given.values, value);
    expect(await run(cell, params, { ...given, keys, values })).toEqual(plain);
    expect(Object.values(plain).flat().every(Number.isFinite)).toBe(true);
    for (const [i, w] of plain["weights"]!.entries()) if (!allowed(i)) expect(w).toBe(0);
  });

  test("weights are probabilities over the allowed positions", async () => {
    const { weights } = await run(cell, params, given);
    for (let b = 0; b < B; b++) {
      const row = weights!.slice(b * S, (b + 1) * S);
      expect(row.every((w) => w >= 0)).toBe(true);
      expect(row.reduce((x, y) => x + y, 0)).toBeCloseTo(1, 6);
    }
  });

  test("a query that may look nowhere gets weights 0 and context 0, and finite gradients", async () => {
    const mask = new NdArray(
      "bool",
      [B, S],
      (given.mask!.data as Uint8Array).map((m, i) => (i < S ? 0 : m)),
    );
    const some = await run(cell, params, { ...given, mask });
    expect(some["weights"]!.slice(0, S)).toEqual(new Array(S).fill(0));
    expect(some["context"]!.slice(0, V)).toEqual(new Array(V).fill(0));
    expect(some["gradient of query"]!.slice(0, K).every((v) => v === 0)).toBe(true);
    // The other rows do not notice.
    const plain = await run(cell, params, given);
    expect(some["context"]!.slice(V)).toEqual(plain["context"]!.slice(V));
    const none = await run(cell, params, { ...given, mask: zeros([B, S], "bool") });
    expect(
      Object.values(none)
        .flat()
        .every((v) => v === 0),
    ).toBe(true);
  });

  test("positions in another order give the weights in that order and the same context", async () => {
    const order = [3, 0, 4, 1, 2];
    const plain = await run(cell, params, given);
    const turned = await run(cell, params, {
      query: given.query,
      keys: reordered(given.keys, 1, order),
      values: reordered(given.values, 1, order),
      mask: reordered(given.mask!, 1, order),
    });
    const weights = new NdArray("float32", [B, S], Float32Array.from(plain["weights"]!));
    expectClose(turned["weights"]!, floats(reordered(weights, 1, order)), { rtol: 0, atol: 1e-6 });
    expectClose(turned["context"]!, plain["context"]!, { rtol: 0, atol: 1e-6 });
  });

  test("a row alone gives what it gives in a batch", async () => {
    const whole = await run(cell, params, given);
    for (let b = 0; b < B; b++) {
      const pick = (a: NdArray): NdArray => reordered(a, 0, [b]);
      const alone = await run(cell, params, {
        query: pick(given.query),
        keys: pick(given.keys),
        values: pick(given.values),
        mask: pick(given.mask!),
      });
      expectClose(alone["weights"]!, whole["weights"]!.slice(b * S, (b + 1) * S), { rtol: 0, atol: 1e-6 });
      expectClose(alone["context"]!, whole["context"]!.slice(b * V, (b + 1) * V), { rtol: 0, atol: 1e-6 });
    }
  });

  test("padding at the end is as if it were not there", async () => {
    const length = 3;
    const order = [0, 1, 2];
    const short = await run(cell, params, {
      query: given.query,
      keys: reordered(given.keys, 1, order),
      values: reordered(given.values, 1, order),
      mask: null,
    });
    const mask = new NdArray(
      "bool",
      [B, S],
      Uint8Array.from({ length: B * S }, (_, i) => Number(i % S < length)),
    );
    const padded = await run(cell, params, { ...given, mask });
    expectClose(padded["context"]!, short["context"]!, { rtol: 0, atol: 1e-6 });
    const cut = padded["weights"]!.filter((_, i) => i % S < length);
    expectClose(cut, short["weights"]!, { rtol: 0, atol: 1e-6 });
  });

  test("a mask that allows all changes nothing", async () => {
    const all = new NdArray("bool", [B, S], new Uint8Array(B * S).fill(1));
    expect(await run(cell, params, { ...given, mask: all })).toEqual(await run(cell, params, { ...given, mask: null }));
  });

  test("its weights are a site named after the scope", () => {
    const p = mapTree<unknown, NdArray, Tensor>(params, (a) => input(a.shape)) as CellParams<Tensor>;
    const step = (): unknown =>
      scope("decoder.0", () => {
        const memory = prepareMemory(cell, p, { keys: input([B, S, K]), values: input([B, S, V]), mask: null });
        return attend(cell, p, memory, input([B, K])).context;
      });
    expect(sites(step).map(({ site, shape }) => [site, shape])).toEqual([["decoder.0.attention", [B, 1, 1, S]]]);
  });

  test.each([
    [
      "a mask of another length",
      { mask: input([B, 4], "bool") },
      "prepareMemory: axis S is 5 in keys axis 1 but 4 in mask axis 1",
    ],
    [
      "values of other positions",
      { values: input([B, 4, V]) },
      "prepareMemory: axis S is 5 in keys axis 1 but 4 in values axis 1",
    ],
    ["a query of another batch", { query: input([2, K]) }, `axis B is 2 in query axis 0 but 3 in keys axis 0`],
    [
      "a mask of numbers",
      { mask: input([B, S]) },
      "prepareMemory: mask must be bool, true at real positions, got float32[3, 5]",
    ],
  ])("refuses %s", (_, other, message) => {
    const p = mapTree<unknown, NdArray, Tensor>(params, (a) => input(a.shape)) as CellParams<Tensor>;
    const { query, ...memory } = {
      query: input([B, K]),
      keys: input([B, S, K]),
      values: input([B, S, V]),
      mask: null,
      ...other,
    };
    expect(() => attend(cell, p, prepareMemory(cell, p, memory), query)).toThrow(message);
  });
});

test("with a score vector of 0 additive attention is uniform over the allowed positions, as Bahdanau's begins", async () => {
  const drawn = initAttention(cells.additive, { querySize: K, keySize: K, alignmentSize: 6 }, rng(4));
  const params = { ...drawn, score: { ...(drawn.score as object), score: zeros([6, 1]) } };
  const { weights } = await run(cells.additive, params, given);
  const counts = [5, 3, 2];
  weights!.forEach((w, i) => expect(w).toBe(allowed(i) ? Math.fround(1 / counts[Math.floor(i / S)]!) : 0));
});

test("coverage is the additive score at first, and then knows how much of each position was seen", async () => {
  const params = initAttention(cells.coverage, { querySize: K, keySize: K, alignmentSize: 6 }, rng(4));
  const first = await run(cells.coverage, params, given);
  expect(first["weights"]).toEqual((await run(cells.additive, params, given))["weights"]);
  const twice = (p: CellParams<Tensor>, { query, keys, values }: Record<string, Tensor>): unknown => {
    const memory = prepareMemory(cells.coverage, p, { keys: keys!, values: values!, mask: null });
    const one = attend(cells.coverage, p, memory, query!);
    const two = attend(cells.coverage, p, memory, query!, { state: one.state });
    return { one: one.weights, two: two.weights, seen: two.state };
  };
  const call = evaluate as unknown as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
  const { query, keys, values } = given;
  const out = await call(twice, params, { query, keys, values });
  const [one, two] = [floats(out["one"]!), floats(out["two"]!)];
  expect(two).not.toEqual(one);
  const { coverage: seen } = (out["seen"] as unknown as { readonly score: { readonly coverage: NdArray } }).score;
  expectClose(floats(seen), one.map((w, i) => w + two[i]!), { rtol: 0, atol: 1e-6 }); // prettier-ignore
});

describe("maskedSoftmax", () => {
  const weigh = async (scores: NdArray, mask: NdArray): Promise<readonly number[]> => [
    ...floats(await evaluate((s: Tensor, m: Tensor) => maskedSoftmax(s, m), scores, mask)),
  ];

  test("a blocked score may be anything", async () => {
    const mask = array([[true, false, true]]);
    for (const blocked of [1e30, Infinity, -Infinity, NaN])
      expect(await weigh(array([[2, blocked, 2]]), mask)).toEqual([0.5, 0, 0.5]);
  });

  test("the largest and smallest finite scores are told apart from blocked ones", async () => {
    const mask = array([[true, true, false]]);
    expect(await weigh(array([[-3e38, -3e38, 0]]), mask)).toEqual([0.5, 0.5, 0]);
    expect(await weigh(array([[3e38, 0, 0]]), mask)).toEqual([1, 0, 0]);
  });

  test("NaN and Infinity at allowed positions are passed on", async () => {
    for (const bad of [NaN, Infinity])
      expect((await weigh(array([[bad, 1]]), array([[true, true]]))).some((w) => Number.isNaN(w))).toBe(true);
  });
});

test("the context is the sum of the values by the weights", async () => {
  const uniform: AttentionCell = {
    ...cells.dot,
    normalizer: { ...softmaxNormalizer, normalize: (_p, scores) => scores },
  };
  const none = { score: {}, window: {}, normalizer: {}, selection: {} };
  const fn = (query: Tensor, keys: Tensor, values: Tensor): Tensor =>
    attend(uniform, none, prepareMemory(uniform, none, { keys, values, mask: null }), query).context;
  const context = await evaluate(fn, array([[1]]), array([[[0.25], [0.75]]]), array([[[4, 0], [8, 4]]])); // prettier-ignore
  expect([...floats(context)]).toEqual([7, 3]);
});

test("dot refuses a query of another size, when made and when used", () => {
  expect(() => dot.init({ querySize: 3, keySize: 4, alignmentSize: 1 }, rng(1))).toThrow(
    "dot: query and keys must have one size, got query 3 and keys 4. Use the additive score, or project one of them.",
  );
  expect(() => dot.score({} as never, input([2, 3]), input([2, 5, 4]), {})).toThrow(
    "dot: axis D is 3 in query axis 1 but 4 in keys axis 2",
  );
});
