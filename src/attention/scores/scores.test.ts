// What every score promises in a complete cell, over one and three steps: against the float64 reference and differences, and
// against the other scores that it equals under conditions.

import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { NdArray, zeros } from "../../core/ndarray.ts";
import { input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import type { AttentionCell, CellParams } from "../contract.ts";
import { additive } from "./additive.ts";
import { bilinear } from "./bilinear.ts";
import { concat } from "./concat.ts";
import { cosine } from "./cosine.ts";
import { dot } from "./dot.ts";
import { general } from "./general.ts";
import { locationSensitive } from "./location-sensitive.ts";
import { location } from "./location.ts";
import { scaledDot } from "./scaled-dot.ts";
import * as trial from "./trial.cases.ts";
import { expectCpuEqualsReference, expectFinite, expectGradientsEqualDifferences } from "./trial.cases.ts";

const { B, S, D } = trial;
const scores = {
  scaledDot,
  general,
  bilinear,
  concat,
  cosine: cosine(),
  location: location({ longest: 7 }),
  locationSensitive: locationSensitive({ kernelSize: 3, filterCount: 2 }),
};
const config = { querySize: D, keySize: D, alignmentSize: 6 };
const floats = (a: NdArray): Float32Array => a.data as Float32Array;
const allowed = (position: number): boolean => trial.mask.data[position] === 1;

describe.each(Object.entries(scores))("%s", (name, score) => {
  const cell = trial.cellOf({ score });
  const runner = trial.runnerOf(cell);
  afterAll(() => runner.dispose());
  const { params, given } = trial.drawTrial(cell, 3, true);
  const run = (other: trial.Given = given): Promise<trial.Results> => runner.run(params, other);

  test.each([
    [1, false],
    [1, true],
    [3, false],
    [3, true],
  ])("%i steps, mask %s: the native cpu equals the reference, and gradients the differences", async (steps, masked) => {
    const drawn = trial.drawTrial(cell, steps, masked);
    await expectCpuEqualsReference(cell, runner, drawn.params, drawn.given);
    expectGradientsEqualDifferences(cell, drawn.params, drawn.given);
  });

  test.each([
    ["other numbers", (i: number) => 100 * Math.sin(i)],
    ["NaN", () => NaN],
  ])("blocked keys and values have no influence, to the last bit, in results and gradients: %s", async (_, value) => {
    const plain = await run();
    expectFinite(plain);
    expect(await run(trial.disturbed(given, (i) => !allowed(i), value))).toEqual(plain);
    for (let t = 0; t < 3; t++)
      for (let b = 0; b < B; b++) {
        const row = trial.rowOf(plain[`weights${t}`]!, b);
        expect(row.every((w, s) => allowed(b * S + s) || w === 0)).toBe(true);
        expect(row.reduce((x, y) => x + y, 0)).toBeCloseTo(1, 6);
      }
  });

  test("a row alone gives what it gives in a batch", async () => {
    const whole = await run();
    for (let b = 0; b < B; b++)
      for (const [output, data] of trial.outputsOf(await run(trial.pickedGiven(given, 0, [b]))))
        expectClose(data, trial.rowOf(whole[output]!, b), { rtol: 0, atol: 1e-6 }, output);
  });

  test("padding at the end is as if it were not there", async () => {
    const full = trial.drawTrial(cell, 3, false).given;
    const short = await run(trial.pickedGiven(full, 1, [0, 1, 2]));
    const padded = await run({ ...full, mask: trial.maskOf(...Array.from({ length: B }, () => [1, 1, 1, 0, 0])) });
    for (let t = 0; t < 3; t++) {
      expectClose(padded[`context${t}`]!, short[`context${t}`]!, { rtol: 0, atol: 1e-6 });
      const cut = Array.from(padded[`weights${t}`]!).filter((_, i) => i % S < 3);
      expectClose(cut, short[`weights${t}`]!, { rtol: 0, atol: 1e-6 });
    }
  });

  test("a query that may look nowhere gets weights 0 and context 0, and gradients of 0", async () => {
    const none = await run({ ...given, mask: zeros([B, S], "bool") });
    for (const [output, data] of Object.entries(none))
      expect({ output, zero: Array.from(data).every((v) => v === 0) }).toEqual({ output, zero: true });
  });

  test("positions in another order", async () => {
    const order = [3, 0, 4, 1, 2];
    const plain = await run();
    const turned = await run(trial.pickedGiven(given, 1, order));
    const weightsOf = (results: trial.Results, t: number): NdArray =>
      new NdArray("float32", [B, S], Float32Array.from(results[`weights${t}`]!));
    const differences = [0, 1, 2].map((t) => {
      const want = trial.picked(weightsOf(plain, t), 1, order).data as Float32Array;
      const got = weightsOf(turned, t).data as Float32Array;
      return got.reduce((largest, w, i) => Math.max(largest, Math.abs(w - want[i]!)), 0);
    });
    // Scores of content turn with the keys. A location stays where it is; the location-sensitive score, which is one of
    // content at its first step, then asks what stands beside what.
    const turns = { location: [false, false, false], locationSensitive: [true, false, false] }[name] ?? [true, true, true]; // prettier-ignore
    expect(differences.map((d) => d < 1e-6)).toEqual(turns);
  });

  test("refuses a query of another batch", () => {
    const p = mapTree<unknown, NdArray, Tensor>(params, (a) => input(a.shape)) as CellParams<Tensor>;
    const other = { query0: input([2, D]), keys: input([3, S, D]), values: input([3, S, D]) };
    expect(() => trial.attendSteps(cell, p, other)).toThrow(
      `${name}: axis B is 2 in query axis 0 but 3 in keys axis 0`,
    );
  });
});

/** The outputs of a score with given parameters, over two steps. */
async function outputsOf(score: AttentionCell["score"], params: unknown): Promise<trial.Results> {
  const cell = trial.cellOf({ score });
  const runner = trial.runnerOf(cell);
  const all = { score: params, window: {}, normalizer: {}, selection: {} } as CellParams<NdArray>;
  try {
    return Object.fromEntries(trial.outputsOf(await runner.run(all, trial.drawTrial(cell, 2, true).given)));
  } finally {
    await runner.dispose();
  }
}

describe("scores that are others under conditions", () => {
  test("concat is the additive score with one matrix and no bias, to the last bit", async () => {
    const params = concat.init(config, rng(5));
    expect(await outputsOf(concat, params)).toEqual(await outputsOf(additive, params));
    const both = [...floats(params.query.weight), ...floats(params.key.weight)];
    expect(both.every((w) => Math.abs(w) < 1 / Math.sqrt(2 * D))).toBe(true);
    expect(params.query).not.toHaveProperty("bias");
  });

  test("scaled dot is dot with the query divided by sqrt(D)", async () => {
    const half = await outputsOf(scaledDot, {}); // D = 4: half the score.
    const eye = new NdArray(
      "float32",
      [D, D],
      Float32Array.from({ length: D * D }, (_, i) => (i % (D + 1) ? 0 : 0.5)),
    );
    for (const [name, data] of trial.outputsOf(await outputsOf(general, { weight: eye })))
      expectClose(half[name]!, data, { rtol: 0, atol: 1e-6 }, name);
  });

  test("general with the identity is dot, and bilinear is general with the product of its factors", async () => {
    const eye = new NdArray(
      "float32",
      [D, D],
      Float32Array.from({ length: D * D }, (_, i) => (i % (D + 1) ? 0 : 1)),
    );
    for (const [name, data] of trial.outputsOf(await outputsOf(general, { weight: eye })))
      expectClose((await outputsOf(dot, {}))[name]!, data, { rtol: 0, atol: 1e-6 }, name);
    const { query, key } = bilinear.init({ ...config, alignmentSize: 2 }, rng(6));
    const [u, v] = [floats(query.weight), floats(key.weight)];
    const product = Float32Array.from({ length: D * D }, (_, i) =>
      [0, 1].reduce((total, a) => total + u[2 * Math.floor(i / D) + a]! * v[2 * (i % D) + a]!, 0),
    );
    const whole = await outputsOf(general, { weight: new NdArray("float32", [D, D], product) });
    for (const [name, data] of trial.outputsOf(await outputsOf(bilinear, { query, key })))
      expectClose(data, whole[name]!, { rtol: 0, atol: 1e-6 }, name);
  });

  test("location-sensitive is additive at the first step, and always with filters of 0", async () => {
    const params = locationSensitive({ kernelSize: 5, filterCount: 3 }).init(config, rng(7));
    const { filters, location: _, ...plain } = params;
    const want = await outputsOf(additive, plain);
    const got = await outputsOf(locationSensitive({ kernelSize: 5, filterCount: 3 }), params);
    expect(got["weights0"]).toEqual(want["weights0"]);
    expect(got["weights1"]).not.toEqual(want["weights1"]);
    const blind = { ...params, filters: zeros(filters.shape) };
    expect(await outputsOf(locationSensitive({ kernelSize: 5, filterCount: 3 }), blind)).toEqual(want);
  });

  test("a kernel longer than the source sees all of it, and one of 1 the position itself", async () => {
    for (const kernelSize of [1, 31]) {
      const score = locationSensitive({ kernelSize, filterCount: 2 });
      expectFinite(await outputsOf(score, score.init(config, rng(8))));
    }
  });

  test("a location score shorter than it may be looks at the first positions of its matrix", async () => {
    const params = location({ longest: 9 }).init(config, rng(9));
    const cut = trial.picked(params.weight, 1, [0, 1, 2, 3, 4]);
    expect(await outputsOf(location({ longest: 9 }), params)).toEqual(
      await outputsOf(location({ longest: S }), { weight: cut }),
    );
  });
});

describe("cosine", () => {
  const cell = trial.cellOf({ score: cosine({ scale: 2 }) });
  const runner = trial.runnerOf(cell);
  afterAll(() => runner.dispose());
  const { params, given } = trial.drawTrial(cell, 1, false);
  const scaled = (a: NdArray, by: number): NdArray => new NdArray("float32", a.shape, floats(a).map((v) => v * by)); // prettier-ignore

  test("begins at the given scale", () => {
    expect((params.score as { readonly logScale: NdArray }).logScale.data[0]).toBeCloseTo(Math.log(2), 6);
  });

  test("a zero query is uniform, zero keys score 0, and no gradient passes through them", async () => {
    const lost = await runner.run(params, { ...given, query0: zeros([B, D]) });
    expect(Array.from(lost["weights0"]!).every((w) => w === Math.fround(1 / S))).toBe(true);
    expect(Array.from(lost["gradient of query0"]!).every((g) => g === 0)).toBe(true);
    expectFinite(lost);
    const keys = new NdArray("float32", [B, S, D], floats(given["keys"]!).map((v, i) => (i < D ? 0 : v))); // prettier-ignore
    const some = await runner.run(params, { ...given, keys });
    expectFinite(some);
    expect(Array.from(some["gradient of keys"]!).slice(0, D)).toEqual([0, 0, 0, 0]);
    expect(Array.from(some["gradient of keys"]!).slice(D).some((g) => g !== 0)).toBe(true); // prettier-ignore
  });

  test("does not depend on lengths, not even those whose squares no float32 holds", async () => {
    const plain = await runner.run(params, given);
    for (const by of [2 ** -30, 2 ** 100]) {
      const other = await runner.run(params, { ...given, keys: scaled(given["keys"]!, by) });
      expectClose(other["weights0"]!, plain["weights0"]!, { rtol: 0, atol: 1e-6 });
      expectFinite(other);
    }
  });

  test("NaN in a query is passed on", async () => {
    const query0 = new NdArray("float32", [B, D], floats(given["query0"]!).map((v, i) => (i === 1 ? NaN : v))); // prettier-ignore
    const { weights0 } = await runner.run(params, { ...given, query0 });
    expect(trial.rowOf(weights0!, 0).every(Number.isNaN)).toBe(true);
    expect(trial.rowOf(weights0!, 1).every(Number.isFinite)).toBe(true);
  });
});

describe("bad input", () => {
  const other = { querySize: 3, keySize: 4, alignmentSize: 1 };
  const size =
    "query and keys must have one size, got query 3 and keys 4. Use the additive score, or project one of them.";
  test.each<[string, () => unknown, string]>([
    ["sizes that differ, scaledDot", () => scaledDot.init(other, rng(1)), `scaledDot: ${size}`],
    ["sizes that differ, cosine", () => cosine().init(other, rng(1)), `cosine: ${size}`],
    [
      "a query of another size, scaledDot",
      () => scaledDot.score({} as never, input([2, 3]), input([2, 5, 4]), {}),
      "scaledDot: axis D is 3 in query axis 1 but 4 in keys axis 2",
    ],
    [
      "a query of another size, general",
      () => general.score({} as never, input([2, 3]), input([2, 5, 4]), {}),
      "general: axis D is 3 in query axis 1 but 4 in keys axis 2",
    ],
    [
      "a query of another size, bilinear",
      () => bilinear.score({ query: { weight: input([4, 6]) } } as never, input([2, 3]), input([2, 5, 6]), {}),
      "bilinear: axis Q is 3 in query axis 1 but 4 in weight axis 0",
    ],
    [
      "a query of another size, concat",
      () =>
        concat.score(
          { query: { weight: input([4, 6]) }, score: input([6, 1]) } as never,
          input([2, 3]),
          input([2, 5, 6]),
          {},
        ),
      "concat: axis Q is 3 in query axis 1 but 4 in weight axis 0",
    ],
    [
      "a query of another size, location",
      () => location({ longest: 6 }).score({ weight: input([4, 6]) } as never, input([2, 3]), input([2, 5, 6]), {}),
      "location: axis Q is 3 in query axis 1 but 4 in weight axis 0",
    ],
    [
      "a source that is too long",
      () => location({ longest: 4 }).prepare({} as never, input([2, 5, 3])),
      "location: a source of at most 4 positions is required, got keys float32[2, 5, 3] with 5. Make the score with a larger longest, or cut the source.",
    ],
    ["no longest", () => location({} as never), "location: longest must be an integer >= 1, got undefined"],
    ["a longest of 0", () => location({ longest: 0 }), "location: longest must be an integer >= 1, got 0"],
    ["an unknown option", () => location({ longest: 3, top: 1 } as never), 'location: options must be among longest, got "top"'],
    ["a scale of 0", () => cosine({ scale: 0 }), "cosine: scale must be a number > 0, got 0"],
    ["a scale without end", () => cosine({ scale: Infinity }), "cosine: scale must be a number > 0, got Infinity"],
    ["an unknown option", () => cosine({ temperature: 1 } as never), 'cosine: options must be among scale, got "temperature"'],
    ["an even kernel", () => locationSensitive({ kernelSize: 4 }), "locationSensitive: kernelSize must be an odd integer >= 1, got 4"],
    ["a kernel of 0", () => locationSensitive({ kernelSize: 0 }), "locationSensitive: kernelSize must be an odd integer >= 1, got 0"],
    ["half a kernel", () => locationSensitive({ kernelSize: 1.5 }), "locationSensitive: kernelSize must be an odd integer >= 1, got 1.5"],
    ["no filters", () => locationSensitive({ filterCount: 0 }), "locationSensitive: filterCount must be an integer >= 1, got 0"],
    ["an unknown option", () => locationSensitive({ kernel: 3 } as never), 'locationSensitive: options must be among kernelSize, filterCount, got "kernel"'],
  ])("%s is refused", (_, call, message) => {
    expect(call).toThrow(message);
  }); // prettier-ignore
});
