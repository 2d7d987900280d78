// Local windows in complete cells: which positions they see, what the Gaussian does, and what every window promises, against
// the float64 reference, differences, and torch (the file is written by tools/golden/scores.py).

import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { checkGolden, readGolden } from "../../../test/golden.ts";
import { NdArray, zeros } from "../../core/ndarray.ts";
import { input } from "../../core/ops/source.ts";
import { linearFromTorch } from "../../nn/torch.ts";
import type { CellParams } from "../contract.ts";
import { dot } from "../scores/dot.ts";
import { general } from "../scores/general.ts";
import * as trial from "../scores/trial.cases.ts";
import { expectCpuEqualsReference, expectFinite, expectGradientsEqualDifferences } from "../scores/trial.cases.ts";
import { localM } from "./local-m.ts";
import { localP } from "./local-p.ts";

const { B, S, D } = trial;
const windows = { localM: localM({ reach: 1 }), localP: localP({ reach: 2 }) };
const allowed = (position: number): boolean => trial.mask.data[position] === 1;

/** Weights of one step by rows. */
const rowsOf = (weights: ArrayLike<number>, rows = B): readonly (readonly number[])[] =>
  Array.from({ length: rows }, (_, b) => trial.rowOf(weights, b, rows));

describe.each(Object.entries(windows))("%s", (name, window) => {
  const cell = trial.cellOf({ score: general, window });
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
      expect(Array.from(plain[`weights${t}`]!).every((w, i) => allowed(i) || w === 0)).toBe(true);
  });

  test("positions outside have no influence, and no gradient", async () => {
    const one = trial.drawTrial(cell, 1, false).given;
    const plain = await run(one);
    const outside = Array.from(plain["weights0"]!, (w) => w === 0);
    expect(outside.some((out) => out) && outside.some((out) => !out)).toBe(true);
    expect(await run(trial.disturbed(one, (i) => outside[i]!, (i) => 100 * Math.sin(i)))).toEqual(plain); // prettier-ignore
    const grads = Array.from(plain["gradient of keys"]!);
    expect(grads.every((g, i) => !outside[Math.floor(i / D)]! || g === 0)).toBe(true);
  });

  test("a row alone gives what it gives in a batch", async () => {
    const whole = await run();
    for (let b = 0; b < B; b++) {
      const alone = await runner.run(params, trial.pickedGiven(given, 0, [b]));
      for (const [output, data] of trial.outputsOf(alone))
        expectClose(data, trial.rowOf(whole[output]!, b), { rtol: 0, atol: 1e-6 }, output);
    }
  });

  test.each([
    ["end", [1, 1, 1, 0, 0], [0, 1, 2]],
    ["front", [0, 0, 1, 1, 1], [2, 3, 4]],
  ])("padding at the %s is as if it were not there", async (_, row, kept) => {
    const full = trial.drawTrial(cell, 3, false).given;
    const short = await run(trial.pickedGiven(full, 1, kept));
    const padded = await run({ ...full, mask: trial.maskOf(row, row, row) });
    for (let t = 0; t < 3; t++) {
      expectClose(padded[`context${t}`]!, short[`context${t}`]!, { rtol: 0, atol: 1e-6 });
      const cut = Array.from(padded[`weights${t}`]!).filter((__, i) => row[i % S] === 1);
      expectClose(cut, short[`weights${t}`]!, { rtol: 0, atol: 1e-6 });
    }
  });

  test("a mask that allows all changes nothing", async () => {
    const { mask: _, ...free } = given;
    const ones = [1, 1, 1, 1, 1];
    expect(await run({ ...free, mask: trial.maskOf(ones, ones, ones) })).toEqual(await run(free));
  });

  test("a query that may look nowhere gets weights 0 and context 0, and gradients of 0", async () => {
    const none = await run({ ...given, mask: zeros([B, S], "bool") });
    for (const [output, data] of Object.entries(none))
      expect({ output, zero: Array.from(data).every((v) => v === 0) }).toEqual({ output, zero: true });
  });

  test.each<[string, unknown, string]>([
    ["a reach of 0", { reach: 0 }, `${name}: reach must be an integer >= 1, got 0`],
    ["a reach below 0", { reach: -2 }, `${name}: reach must be an integer >= 1, got -2`],
    ["half a position", { reach: 1.5 }, `${name}: reach must be an integer >= 1, got 1.5`],
    ["a reach without end", { reach: Infinity }, `${name}: reach must be an integer >= 1, got Infinity`],
    ["words", { reach: "3" }, `${name}: reach must be an integer >= 1, got 3`],
    ["an unknown option", { width: 3 }, `${name}: options must be among reach, got "width"`],
  ])("refuses %s", (_, options, message) => {
    expect(() => (name === "localM" ? localM : localP)(options as never)).toThrow(message);
  });
});

describe("localM", () => {
  const cell = trial.cellOf({ score: dot, window: windows.localM });
  const runner = trial.runnerOf(cell);
  afterAll(() => runner.dispose());
  const { params, given } = trial.drawTrial(cell, 6, false);
  /** Which positions a row sees at each step. */
  const seen = (results: trial.Results, row: number): readonly string[] =>
    Array.from({ length: 6 }, (_, t) => trial.rowOf(results[`weights${t}`]!, row).map((w) => (w > 0 ? "x" : ".")).join("")); // prettier-ignore

  test("looks around the step's own position, and stays at the end of the source", async () => {
    const results = await runner.run(params, given);
    for (let b = 0; b < B; b++)
      expect(seen(results, b)).toEqual(["xx...", "xxx..", ".xxx.", "..xxx", "...xx", "...xx"]);
    for (let t = 0; t < 6; t++)
      for (const row of rowsOf(results[`weights${t}`]!)) expect(row.reduce((x, y) => x + y, 0)).toBeCloseTo(1, 6);
  });

  test("each row has its own end: a step beyond it stays at the last real position", async () => {
    const mask = trial.maskOf([1, 1, 0, 0, 0], [0, 0, 1, 1, 1], [1, 0, 0, 0, 0]);
    const results = await runner.run(params, { ...given, mask });
    expectFinite(results);
    expect(seen(results, 0)).toEqual(["xx...", "xx...", "xx...", "xx...", "xx...", "xx..."]);
    expect(seen(results, 1)).toEqual(["..xx.", "..xxx", "...xx", "...xx", "...xx", "...xx"]);
    expect(seen(results, 2)).toEqual(["x....", "x....", "x....", "x....", "x....", "x...."]);
  });

  test("a window wholly inside a hole of the mask sees nothing: zeros, and finite gradients", async () => {
    const mask = trial.maskOf([1, 0, 0, 0, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1]);
    const results = await runner.run(params, { ...given, mask });
    expectFinite(results);
    expect(seen(results, 0)[2]).toBe(".....");
    expect(trial.rowOf(results["context2"]!, 0)).toEqual([0, 0, 0]);
    expect(trial.rowOf(results["gradient of query2"]!, 0)).toEqual([0, 0, 0, 0]);
    expect(trial.rowOf(results["context2"]!, 1)).toEqual(
      trial.rowOf((await runner.run(params, given))["context2"]!, 1),
    );
  });

  test("a reach that covers the source is no window", async () => {
    const wide = trial.cellOf({ score: dot, window: localM() });
    const [some, none] = [trial.runnerOf(wide), trial.runnerOf(trial.cellOf({ score: dot }))];
    expect(await some.run(params, given)).toEqual(await none.run(params, given));
    await Promise.all([some.dispose(), none.dispose()]);
  });
});

describe("localP", () => {
  const cell = trial.cellOf({ score: dot, window: windows.localP });
  const runner = trial.runnerOf(cell);
  afterAll(() => runner.dispose());
  const { given } = trial.drawTrial(cell, 1, false);
  const square = new NdArray("float32", [D, 1], Float32Array.of(1, 0, 0, 0));
  /** Parameters with which a query of (x, 0, 0, 0) predicts S sigma(tanh(x) * gain). */
  const paramsFor = (gain: number): CellParams<NdArray> => ({
    score: {},
    window: { query: { weight: square }, position: new NdArray("float32", [1, 1], Float32Array.of(gain)) },
    normalizer: {},
    selection: {},
  });
  const queryOf = (...xs: readonly number[]): NdArray =>
    new NdArray("float32", [B, D], Float32Array.from(xs.flatMap((x) => [x, 0, 0, 0])));

  test("p_t = S sigma(v tanh(W h)) with the row's real length, the softmax inside, the Gaussian after it", async () => {
    const lengths = [5, 3, 2];
    const mask = trial.maskOf([1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]);
    const query0 = queryOf(0.3, -0.7, 1.1);
    const { weights0 } = await runner.run(paramsFor(1.5), { ...given, query0, mask });
    const keys = given["keys"]!.data as Float32Array;
    lengths.forEach((length, b) => {
      const x = query0.data[b * D] as number;
      const centre = length / (1 + Math.exp(-1.5 * Math.tanh(x)));
      const inside = Array.from({ length: S }, (_, s) => s < length && Math.abs(s - centre) <= 2);
      const scores = inside.map((_, s) => Math.exp(x * keys[(b * S + s) * D]!));
      const total = scores.reduce((sum, e, s) => sum + (inside[s] ? e : 0), 0);
      // sigma = D / 2 = 1.
      const want = scores.map((e, s) => (inside[s] ? (e / total) * Math.exp(-((s - centre) ** 2) / 2) : 0));
      expectClose(trial.rowOf(weights0!, b), want, { rtol: 0, atol: 1e-6 });
      expect(want.reduce((sum, w) => sum + w, 0)).toBeLessThan(1);
    });
  });

  test("a prediction at either end still sees the row's first or last position", async () => {
    const mask = trial.maskOf([1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 1, 1, 0, 0]);
    for (const [x, ends] of [
      [-9, [0, 0, 1]],
      [9, [4, 2, 2]],
    ] as const) {
      // prettier-ignore
      const { weights0 } = await runner.run(paramsFor(200), { ...given, query0: queryOf(x, x, x), mask });
      rowsOf(weights0!).forEach((row, b) => {
        expect(row.every(Number.isFinite)).toBe(true);
        expect(row[ends[b]!]).toBeGreaterThan(0);
      });
    }
  });

  test("a window wholly inside a hole of the mask sees nothing: zeros, and finite gradients", async () => {
    const narrow = trial.cellOf({ score: dot, window: localP({ reach: 1 }) });
    const own = trial.runnerOf(narrow);
    const hole = [1, 0, 0, 0, 1];
    const results = await own.run(paramsFor(1), {
      ...given,
      query0: queryOf(0, 0, 0),
      mask: trial.maskOf(hole, hole, hole),
    });
    expectFinite(results);
    expect(Array.from(results["weights0"]!).every((w) => w === 0)).toBe(true);
    expect(Array.from(results["context0"]!).every((w) => w === 0)).toBe(true);
    await own.dispose();
  });

  test("NaN in a query is passed on", async () => {
    const { weights0 } = await runner.run(paramsFor(1), { ...given, query0: queryOf(NaN, 0, 0) });
    expect(trial.rowOf(weights0!, 0).every(Number.isNaN)).toBe(true);
    expect(trial.rowOf(weights0!, 1).every(Number.isFinite)).toBe(true);
  });

  test("names the axis that disagrees", () => {
    const window = { query: { weight: input([D, 6]) }, position: input([6, 1]) } as never;
    const memory = (batch: number): never =>
      ({
        keys: input([batch, S, D]),
        values: input([batch, S, D]),
        mask: null,
        prepared: input([batch, S, D]),
      }) as never;
    expect(() => windows.localP.around(window, input([2, D]), memory(3), {})).toThrow(
      "localP: axis B is 2 in query axis 0 but 3 in keys axis 0",
    );
    expect(() => windows.localP.around(window, input([3, 2]), memory(3), {})).toThrow(
      `localP: axis Q is 2 in query axis 1 but ${D} in weight axis 0`,
    );
  });
});

const files = Object.entries(readGolden("src/attention/golden/scores.json")).filter(([name]) => /^local[MP]/.test(name)); // prettier-ignore

// The gradient of a query of 0.016: a product of score gradients with keys that cancel, behind a difference of numbers of 0.36.
const reason = "rounding of terms that cancel: below one unit in the last place of the larger ones";
const exceptions = { "localM, mask": { "gradient of input query0": { times: 3, reason } } } as const;

test.each(files)("%s equals torch", (name, c) => {
  const which = name.split(",")[0] as keyof typeof windows;
  const cell = trial.cellOf({ score: dot, window: windows[which] });
  return checkGolden<CellParams<NdArray>>(c, {
    exceptions: exceptions[name as keyof typeof exceptions] ?? {},
    load(state, dtype) {
      const none = { score: {}, window: {}, normalizer: {}, selection: {} };
      if (which === "localM") return none;
      const { weight } = linearFromTorch(state, "position", { dtype });
      return { ...none, window: { query: linearFromTorch(state, "query", { dtype }), position: weight } };
    },
    apply: (params, given) => trial.attendSteps(cell, params, given),
  });
});

test("every window is covered, with and without a mask", () => {
  expect(files.map(([name]) => name).sort()).toEqual(
    Object.keys(windows).flatMap((name) => [name, `${name}, mask`]).sort(), // prettier-ignore
  );
});
