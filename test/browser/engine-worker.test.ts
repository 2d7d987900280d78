// Models in a worker of the page, on WebAssembly and WebGPU: results, a page that stays alive, errors, stops and broken devices.

import { describe, expect, test } from "vitest";
import { needsBrowser, withPage } from "./harness.ts";
import type * as page from "./engine-worker.page.ts";

needsBrowser();

const files = {
  entry: new URL("./engine-worker.page.ts", import.meta.url),
  workers: { engine: new URL("./engine.worker.ts", import.meta.url) },
};

const tanh2 = (rows: readonly (readonly number[])[]): number[] => rows.flat().map(Math.tanh);
const first = tanh2([
  [-0.5, 1],
  [0.95, -1.1],
]);
const second = tanh2([[0.4, -0.2]]);
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

describe.each(["wasm", "webgpu"] as const)("a worker on %s", { timeout: 300_000 }, (device) => {
  test("runs compiled functions", () =>
    withPage<typeof page>(files, async ({ call, errors }) => {
      const results = await call("runs", device);
      const expected = [first, [total(first)], first, [total(first)], second, [total(second)]];
      results.forEach((result, i) => result.forEach((v, k) => expect(v).toBeCloseTo(expected[i]![k]!, 5)));
      expect(results.map((r) => r.length)).toEqual(expected.map((r) => r.length));
      expect(await call("loop", device)).toEqual([1, -2, 1.5, 1]);
      expect(await call("workers")).toBe(1);
      expect(errors).toEqual([]);
    }));

  test("leaves the page alive during a long run", () =>
    withPage<typeof page>(files, async ({ call }) => {
      const { ms, ticks, longest } = await call("longRun", device, { size: 256, steps: device === "wasm" ? 300 : 60 });
      // On a busy machine timers come late, but a page that waited for the run would have no tick at all.
      expect(ms).toBeGreaterThan(100);
      expect(ticks).toBeGreaterThan(ms / 200);
      expect(longest).toBeLessThan(ms / 2);
    }));
});

test("a worker gets what is donated without a copy", { timeout: 300_000 }, () =>
  withPage<typeof page>(files, async ({ call }) => expect(await call("donated")).toEqual([4, 0])),
);

describe("a worker's failures", { timeout: 300_000 }, () => {
  test("an error of the runtime arrives with code and text, and later runs succeed", () =>
    withPage<typeof page>(files, async ({ call }) => {
      const { failure, after } = await call("refusedRun");
      expect(failure).toMatchObject({ heed: true, code: "engine" });
      expect(failure.message).toMatch(/^engine\.run: the runtime must run the model, got .*Gather.*out of data bounds/);
      expect(after).toEqual([0.5, 3]);
    }));

  test("a run that is stopped is aborted, and the next call starts a new worker", () =>
    withPage<typeof page>(files, async ({ call }) => {
      const { failure, after } = await call("stoppedRun");
      expect(failure).toEqual({ heed: true, code: "aborted", message: "engine.worker: the worker must not be ended" });
      expect(after).toBeCloseTo(total(first), 5);
      expect(await call("workers")).toBe(2);
    }));

  test("a lost WebGPU device is named, and the next call opens another", () =>
    withPage<typeof page>(files, async ({ call }) => {
      const { before, failures, after } = await call("brokenDevice");
      expect(after).toBe(before);
      expect(failures).toHaveLength(1);
      expect(failures[0]).toMatchObject({ heed: true, code: "engine" });
      expect(failures[0]!.message).toMatch(
        /^engine\.webgpu: the WebGPU device must stay, got destroyed.*The next call opens another one\.$/,
      );
      expect(await call("workers")).toBe(2);
    }));

  test("a worker that does not load", () =>
    withPage<typeof page>(files, async ({ call }) => {
      expect(await call("missingWorker")).toEqual({
        heed: true,
        code: "engine",
        message: "engine.worker: the worker must run, got a module that does not load",
      });
    }));
});
