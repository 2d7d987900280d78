// A whole training step in the browser: loss and every gradient of a sequence-to-sequence model equal those of Node's CPU.

import { expect, test } from "vitest";
import { needsBrowser, withPage } from "./harness.ts";
import type * as page from "./training-step.page.ts";
import { trainingStep } from "./training-step.ts";

needsBrowser();

const files = {
  entry: new URL("./training-step.page.ts", import.meta.url),
  workers: { engine: new URL("./engine.worker.ts", import.meta.url) },
};

/** Largest difference as a fraction of the largest expected value. */
function distance(actual: readonly number[], expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs));
  const worst = Math.max(...expected.map((e, i) => Math.abs(actual[i]! - e)));
  return actual.length === expected.length && Number.isFinite(worst) ? worst / scale : Infinity;
}

// The shaders of some hundred nodes are compiled by the processor.
test.each(["wasm", "webgpu"] as const)("loss and gradients on %s", { timeout: 600_000 }, async (device) => {
  const expected = await trainingStep("cpu");
  expect(Object.keys(expected).length).toBeGreaterThan(25);
  await withPage<typeof page>(files, async ({ call, errors }) => {
    const actual = await call("trainingStep", device);
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    const far = Object.keys(expected).filter((path) => !(distance(actual[path]!, expected[path]!) <= 1e-5));
    expect(far.map((path) => `${path}: ${distance(actual[path]!, expected[path]!)}`)).toEqual([]);
    expect(errors).toEqual([]);
  });
});
