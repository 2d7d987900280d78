// Positions: tables and buckets against torch, what each scheme promises, and blocks against the whole.
// The golden values are written by tools/golden/multi_head.py.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { goldenArray, readGolden, type GoldenTensor } from "../../../test/golden.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant, input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import { evaluateReference } from "../../core/reference.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { attention } from "../dot-product/attention.ts";
import type { Lowering } from "../dot-product/lowering.ts";
import { causal } from "../masks/causal.ts";
import { coordinates } from "../masks/coordinates.ts";
import { alibi, alibiSlopes } from "./alibi.ts";
import { addPositions, initLearnedPositions, learnedPositions, sinusoidal } from "./embedded.ts";
import { relativeBias, relativeBuckets, type RelativeBiasOptions } from "./relative-bias.ts";
import { rotary } from "./rotary.ts";
import { rowPositions } from "./rows.ts";
import type { PositionScheme } from "./scheme.ts";
import { fromStarts } from "./starts.ts";

const golden = readGolden<Readonly<Record<string, GoldenTensor>>>("src/attention/golden/multi-head.json");

/** The values of a graph without inputs, on the float64 reference. */
function valueOf(x: Tensor): ArrayLike<number> {
  return evaluateReference([x], new Map())[0]!.data;
}

const int = (values: readonly number[]): Tensor => constant(array(Int32Array.from(values)));

describe("golden values", () => {
  test.each<[string, RelativeBiasOptions]>([
    ["32 of both", { bidirectional: true }],
    ["32 of one", { bidirectional: false }],
    ["8 of both", { buckets: 8, maxDistance: 20, bidirectional: true }],
    ["6 of one", { buckets: 6, maxDistance: 17, bidirectional: false }],
  ])("T5's buckets of distances -300 to 300, %s", (name, options) => {
    const buckets = relativeBuckets(options);
    expect(Array.from({ length: 601 }, (_, i) => buckets(i - 300))).toEqual(golden["buckets"]![name]!.data);
  });

  test("sinusoids", () => {
    expectClose(valueOf(sinusoidal(40, 6)), golden["sinusoids"]!["table"]!.data, { rtol: 6e-8 });
  });

  test("ALiBi's slopes of any number of heads", () => {
    for (const [count, slopes] of Object.entries(golden["slopes"]!))
      expectClose(alibiSlopes(Number(count)), slopes.data, { rtol: 1e-12 }, `${count} heads`);
    expect(alibiSlopes(8)).toEqual([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]);
    expect(goldenArray(golden["slopes"]!["3"]!, "float64").data).toEqual(Float64Array.of(1 / 16, 1 / 256, 1 / 4));
  });
});

test("examples of buckets that stand in the docstring", () => {
  const buckets = relativeBuckets({ bidirectional: true });
  expect([0, -1, 1, -16, -128, -5000].map(buckets)).toEqual([0, 1, 17, 10, 15, 15]);
});

describe.each([
  ["half-split", {}],
  ["interleaved", { interleaved: true }],
  ["a fraction", { fraction: 0.5 }],
])("rotary, %s", (_name, options) => {
  const scheme = rotary(options);
  const turn = (x: Tensor, at: Parameters<typeof rowPositions>[1], count: number): Tensor =>
    scheme.turn!({} as never, x, rowPositions(count, at));

  test("position 0 is left as it is, and lengths stay", () => {
    const x = constant(rng(1).normal([1, 5, 2, 8], 1));
    const y = Array.from(valueOf(turn(x, {}, 5)));
    expectClose(y.slice(0, 16), Array.from(valueOf(x)).slice(0, 16), { rtol: 0 });
    const norms = (data: readonly number[]): readonly number[] =>
      Array.from({ length: 10 }, (_, i) => data.slice(8 * i, 8 * i + 8).reduce((a, v) => a + v * v, 0));
    expectClose(norms(y), norms(Array.from(valueOf(x))), { rtol: 1e-6 });
  });

  test("a product depends on the difference of the positions alone", () => {
    const [q, k] = [1, 2].map((seed) => constant(rng(seed).normal([1, 1, 1, 8], 1))) as [Tensor, Tensor];
    const product = (i: number, j: number): number =>
      valueOf(sum(mul(turn(q, { from: i }, 1), turn(k, { from: j }, 1))))[0]!;
    expect(product(1005, 1000)).toBeCloseTo(product(5, 0), 5);
    expect(product(2, 7)).toBeCloseTo(product(95, 100), 5);
    expect(Math.abs(product(2, 7) - product(7, 2))).toBeGreaterThan(1e-3);
  });

  test("a start known only when the graph runs gives what a number gives", () => {
    const x = constant(rng(3).normal([2, 3, 2, 8], 1));
    const known = valueOf(turn(x, { from: 4 }, 3));
    expect(valueOf(turn(x, { from: constant(array(4, { dtype: "int32" })), limit: 9 }, 3))).toEqual(known);
    expect(valueOf(turn(x, { from: int([4, 4]), limit: 9 }, 3))).toEqual(known);
    expect(valueOf(turn(x, { from: 6, starts: int([2, 2]) }, 3))).toEqual(known);
  });
});

test("trap: the two conventions of rotary are two models, a permutation of the elements apart", () => {
  const x = rng(4).normal([1, 3, 1, 4], 1);
  const order = [0, 2, 1, 3];
  const permuted = (data: ArrayLike<number>): Float32Array =>
    Float32Array.from({ length: 12 }, (_, i) => data[4 * Math.floor(i / 4) + order[i % 4]!]!);
  const turn = (interleaved: boolean, values: NdArray): ArrayLike<number> =>
    valueOf(rotary({ interleaved }).turn!({} as never, constant(values), rowPositions(3)));
  const split = turn(false, x);
  const woven = turn(true, new NdArray("float32", x.shape, permuted(x.data as Float32Array)));
  expectClose(permuted(woven), split, { rtol: 1e-6 });
  expect(Array.from(turn(true, x))).not.toEqual(Array.from(split));
});

describe("biases of scores", () => {
  const sizes = { batchSize: 2, headCount: 3, queryLength: 300, keyLength: 300 };
  const table = rng(5).normal([8, 3], 1);
  const schemes: Readonly<Record<string, readonly [PositionScheme<never>, { readonly table?: NdArray }]>> = {
    alibi: [alibi() as PositionScheme<never>, {}],
    relativeBias: [
      relativeBias({ buckets: 8, maxDistance: 50, bidirectional: true }) as PositionScheme<never>,
      { table },
    ],
  };

  test.each(Object.entries(schemes))(
    "%s in blocks as in one piece, with gradients",
    async (_name, [scheme, params]) => {
      const run = async (lowering: Lowering): Promise<readonly NdArray[]> => {
        const fn = (p: { readonly table?: Tensor }, query: Tensor, keys: Tensor, values: Tensor): readonly Tensor[] => {
          const { context } = attention({
            query,
            keys,
            values,
            mask: causal(),
            scoreMod: (scores, at) => add(scores, scheme.bias!(p as never, at)),
            lowering,
          });
          const loss = sum(mul(context, context));
          return [context, ...gradients(loss, [query, keys, values, ...(p.table ? [p.table] : [])])];
        };
        const draw = rng(6);
        const shape = [sizes.batchSize, sizes.queryLength, sizes.headCount, 4];
        return await evaluate(fn, params, draw.normal(shape, 1), draw.normal(shape, 1), draw.normal(shape, 1));
      };
      const [whole, blocked] = [await run("plain"), await run("blocked")];
      whole.forEach((a, i) => expectClose(blocked[i]!.data, a.data, { rtol: 1e-4, atol: 2e-6 }));
    },
  );

  test.each(Object.entries(schemes))(
    "%s: a block has the numbers of its place, row by row",
    (_name, [scheme, params]) => {
      const given = (params.table ? { table: constant(params.table) } : {}) as never;
      const all = scheme.bias!(given, coordinates(sizes));
      const rows = { queryStart: int([40, 7]), queryCount: 2, keyStart: 30, keyCount: 5 };
      const block = scheme.bias!(given, coordinates(sizes, rows));
      expect(block.shape).toEqual([2, 3, 2, 5]);
      const [whole, part] = [valueOf(all), valueOf(block)];
      [40, 7].forEach((start, b) => {
        for (let h = 0; h < 3; h++)
          for (let t = 0; t < 2; t++)
            for (let s = 0; s < 5; s++)
              expect(part[((b * 3 + h) * 2 + t) * 5 + s]).toBe(whole[(h * 300 + start + t) * 300 + 30 + s]);
      });
    },
  );
});

describe("positions that are added", () => {
  const x = constant(rng(7).normal([2, 3, 6], 1));

  test("trap: under left padding positions begin at the first real element", () => {
    const table = sinusoidal(9, 6);
    const padded = valueOf(addPositions(x, table, { starts: int([0, 2]) }));
    const shifted = Array.from(valueOf(x)).map((v, i) => {
      const [b, t, n] = [Math.floor(i / 18), Math.floor(i / 6) % 3, i % 6];
      return v + valueOf(table)[Math.max(0, b === 0 ? t : t - 2) * 6 + n]!;
    });
    expectClose(padded, shifted, { rtol: 1e-12 });
  });

  test("offset right by a cache's length, one for all or one a row", () => {
    const params = { weight: constant(rng(8).normal([9, 6], 1)) };
    const known = valueOf(learnedPositions(params, x, { from: 4 }));
    expect(valueOf(learnedPositions(params, x, { from: constant(array(4, { dtype: "int32" })) }))).toEqual(known);
    expect(valueOf(learnedPositions(params, x, { from: int([5, 6]), starts: int([1, 2]) }))).toEqual(known);
  });

  test("gradients reach a learned table, and only the rows that were read", async () => {
    const params = initLearnedPositions({ count: 5, size: 6 }, rng(9));
    const fn = ({ weight }: { readonly weight: Tensor }, y: Tensor): Tensor =>
      gradients(sum(learnedPositions({ weight }, y, { from: 1 })), [weight])[0]!;
    const got = await evaluate(fn, params, rng(7).normal([2, 3, 6], 1));
    expect(Array.from(got.data as Float32Array)).toEqual([0, 2, 2, 2, 0].flatMap((v) => new Array<number>(6).fill(v)));
  });
});

test("slots before a row's start are blocked, and known to be padding", () => {
  const mask = fromStarts(int([0, 2]));
  const sizes = { batchSize: 2, headCount: 1, queryLength: 1, keyLength: 3 };
  expect(Array.from(valueOf(mask.keys(sizes)!))).toEqual([1, 1, 1, 0, 0, 1]);
  expect(Array.from(valueOf(mask.allowed(coordinates(sizes), sizes)!))).toEqual([1, 1, 1, 0, 0, 1]);
  expect(() => mask.check({ ...sizes, batchSize: 3 })).toThrow("axis B is 3 in scores axis 0 but 2 in starts axis 0");
});

describe("what is refused", () => {
  const refused: readonly (readonly [() => unknown, string])[] = [
    [() => rotary({ base: 1 }), "rotary: base must be a finite number > 1, got 1"],
    [() => rotary({ fraction: 0 }), "rotary: fraction must lie in 0 < fraction <= 1, got 0"],
    [() => rotary({ pairs: "half" } as never), "rotary: options must be among base, fraction, interleaved"],
    [
      () => rotary({ fraction: 0.5 }).init({ querySize: 6, headCount: 1, headSize: 6 }, rng(1)),
      "fraction of headSize must be an even number of elements, for they turn in pairs, got 0.5 of 6",
    ],
    [() => relativeBias({} as never), "relativeBias: bidirectional must be true or false"],
    [() => relativeBias({ buckets: 5, bidirectional: true }), "buckets must be an even integer from 4 to 65536, got 5"],
    [
      () => relativeBias({ buckets: 32, maxDistance: 8, bidirectional: true }),
      "maxDistance must be an integer above 8, the distances with a bucket of their own",
    ],
    [() => sinusoidal(4, 3), "sinusoidal: size must be an even integer >= 2, got 3"],
    [
      () => addPositions(input([2, 3, 6]), input([4, 6]), { from: 2 }),
      "addPositions: the table must have a row for each of the 5 positions up to the end of x float32[2, 3, 6], got float32[4, 6]",
    ],
    [() => addPositions(input([2, 3, 6]), input([4, 5])), "axis N is 6 in x axis 2 but 5 in table axis 1"],
    [
      () => addPositions(input([2, 3, 6]), input([4, 6]), { starts: input([3], "int32") }),
      "axis B is 2 in x axis 0 but 3 in starts axis 0",
    ],
    [() => fromStarts(input([2, 3], "bool")), "A padding mask (B, S) is keyPadding."],
    [() => rowPositions(2, { from: input([], "int32") }), "limit must be given where from is a tensor"],
  ];
  test.each(refused)("%#", (fn, message) => expect(fn).toThrow(message));
});
