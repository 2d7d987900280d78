// Learning rates by step, against the formulas worked out by hand.

import { describe, expect, test } from "vitest";
import { constantRate, cosine, inverseSqrt, linearDecay } from "./schedule.ts";

const rates = (schedule: (step: number) => number, steps: readonly number[]): readonly number[] =>
  steps.map((s) => Number(schedule(s).toFixed(9)));

describe("schedules", () => {
  test("constantRate is the same at every step", () => {
    expect(rates(constantRate(0.25), [0, 1, 1e6])).toEqual([0.25, 0.25, 0.25]);
  });

  test("a warm-up rises linearly and reaches the peak at its last step", () => {
    for (const make of [cosine, linearDecay])
      expect(rates(make({ peak: 1, warmup: 4, total: 10 }), [0, 1, 3, 4])).toEqual([0.25, 0.5, 1, 1]);
    expect(rates(inverseSqrt({ peak: 1, warmup: 4 }), [0, 1, 3])).toEqual([0.25, 0.5, 1]);
  });

  test("without a warm-up the first step has the peak", () => {
    expect(cosine({ peak: 2, warmup: 0, total: 10 })(0)).toBe(2);
    expect(linearDecay({ peak: 2, warmup: 0, total: 10 })(0)).toBe(2);
  });

  test("cosine goes down half a cosine, to the floor and never below", () => {
    const schedule = cosine({ peak: 1, warmup: 2, total: 10 });
    expect(rates(schedule, [4, 6, 8, 10, 11, 1000])).toEqual(
      [(1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2, 0, 0, 0].map((v) => Number(v.toFixed(9))),
    );
    expect(rates(cosine({ peak: 2, warmup: 0, total: 10, floor: 0.1 }), [5, 10, 99])).toEqual([1.1, 0.2, 0.2]);
  });

  test("linearDecay goes straight down to the floor", () => {
    expect(rates(linearDecay({ peak: 1, warmup: 0, total: 4 }), [0, 1, 2, 3, 4, 5])).toEqual([
      1, 0.75, 0.5, 0.25, 0, 0,
    ]);
    expect(rates(linearDecay({ peak: 1, warmup: 0, total: 4, floor: 0.5 }), [2, 4])).toEqual([0.75, 0.5]);
  });

  test("inverseSqrt halves when the step count is four times as large", () => {
    expect(rates(inverseSqrt({ peak: 1, warmup: 100 }), [99, 399, 1599])).toEqual([1, 0.5, 0.25]);
  });

  test("a training that is all warm-up is one", () => {
    expect(rates(cosine({ peak: 1, warmup: 4, total: 4 }), [0, 3, 4])).toEqual([0.25, 1, 1]);
  });

  test.each([
    [() => constantRate(0), "constantRate: the rate must be a positive number, got 0"],
    [() => constantRate(Infinity), "got Infinity"],
    [() => cosine({ peak: -1, warmup: 0, total: 1 }), "cosine: the rate must be a positive number, got -1"],
    [
      () => cosine({ peak: 1, warmup: 5, total: 4 }),
      "0 <= warmup <= total and total > 0 are required, got warmup 5, total 4",
    ],
    [() => linearDecay({ peak: 1, warmup: 0, total: 0 }), "got warmup 0, total 0"],
    [() => linearDecay({ peak: 1, warmup: 0, total: 4, floor: 2 }), "floor must lie in 0..1, got 2"],
    [() => inverseSqrt({ peak: 1, warmup: 0 }), "inverseSqrt: warmup must be at least 1, got 0"],
    [
      () => cosine({ peak: 1, warmUp: 3, total: 4 } as never),
      'cosine: options must be among peak, warmup, total, floor, got "warmUp"',
    ],
  ])("%# refuses", (make, message) => {
    expect(make).toThrow(message);
  });
});
