import { describe, expect, test } from "vitest";
import { duration, emptyView, progressLine, seeEvent, sparkline } from "./train-progress.ts";

const step = { type: "step", totalSteps: 200, epoch: 0, rate: 1e-3, norm: 1, perSecond: 812.4, seconds: 9 } as const;

describe("progress of a training", () => {
  test("the line says what the events told, and fits", () => {
    let view = seeEvent(emptyView, { type: "start", step: 0, totalSteps: 200, resumed: false });
    expect(progressLine(view, 80)).toBe("[                ] 0 %  step 0/200");
    view = seeEvent(view, { ...step, step: 50, loss: 2, etaSeconds: 750 });
    view = seeEvent(view, { ...step, step: 100, loss: 1, etaSeconds: 500 });
    view = seeEvent(view, { type: "validation", step: 100, epoch: 0, score: 40, metrics: {}, best: true, seconds: 9 });
    view = seeEvent(view, { type: "validation", step: 110, epoch: 0, score: 41, metrics: {}, best: false, seconds: 9 });
    expect(progressLine(view, 120)).toMatchInlineSnapshot(
      `"[=========       ] 55 %  step 110/200  loss 1.000 █▁  dev WER 41.00 %, best 40.00 %  812 words/s  8:20 left"`,
    );
    for (const width of [20, 40, 60, 80]) expect([...progressLine(view, width)].length).toBeLessThanOrEqual(width);
  });

  test("a sparkline goes from lowest to highest and passes over what is not finite", () => {
    expect(sparkline([1, 2, 3], 8)).toBe("\u2581\u2585\u2588");
    expect(sparkline([5, 5], 8)).toBe("\u2581\u2581");
    expect(sparkline([9, NaN, 1, 2], 2)).toBe("\u2581\u2588");
    expect(sparkline([], 8)).toBe("");
  });

  test("durations read as people say them", () => {
    expect([0, 59.4, 61, 3729].map(duration)).toEqual(["0 s", "59 s", "1:01", "1:02:09"]);
  });
});
