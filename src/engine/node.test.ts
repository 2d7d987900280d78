// What the native runtime leaves behind, and what it refuses in a thread.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { input } from "../core/ops/source.ts";
import { tanh } from "../core/ops/unary.ts";
import { lowerGraph } from "../onnx/lower.ts";
import { nodeRuntime } from "./node.ts";

const thread = vi.hoisted(() => ({ isMainThread: true }));
vi.mock("node:worker_threads", async (original) => {
  const real = await original<object>();
  return Object.defineProperty({ ...real }, "isMainThread", { get: () => thread.isMainThread, enumerable: true });
});

afterEach(() => {
  thread.isMainThread = true;
  vi.unstubAllEnvs();
});

describe("telemetry", () => {
  test("a worker thread, which cannot turn it off, does not load the native runtime", async () => {
    thread.isMainThread = false;
    vi.stubEnv("ORT_DISABLE_TELEMETRY", undefined);
    await expect(nodeRuntime()).rejects.toThrow(
      "engine.cpu: ORT_DISABLE_TELEMETRY must be set before a worker thread starts",
    );
    expect(process.env["ORT_DISABLE_TELEMETRY"]).toBeUndefined();
    vi.stubEnv("ORT_DISABLE_TELEMETRY", "1");
    expect((await nodeRuntime()).device).toBe("cpu");
  });
});

describe("the folder of a profile", () => {
  let temporary = "";
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), "heed-test-"));
    vi.stubEnv("TMPDIR", temporary);
  });
  afterEach(() => rmSync(temporary, { recursive: true, force: true }));
  const settings = { mode: "inference", profile: true } as const;

  test("is removed when the profile is read, which gives something once", async () => {
    const x = input([2]);
    const { model } = lowerGraph([x], [tanh(x)], { device: "cpu" });
    const session = await (await nodeRuntime()).create(model, settings);
    expect(readdirSync(temporary)).toHaveLength(1);
    const type = { dtype: "float32", shape: [2] } as const;
    await session.run([{ name: "in0", type, data: Float32Array.of(1, 2) }], [{ name: "out0", type }]);
    expect(session.endProfile().length).toBeGreaterThan(0);
    expect(readdirSync(temporary)).toEqual([]);
    expect(session.endProfile()).toEqual([]);
    await session.release();
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("is removed when the model does not load", async () => {
    await expect((await nodeRuntime()).create(Uint8Array.of(8, 10), settings)).rejects.toThrow("engine.create");
    expect(readdirSync(temporary)).toEqual([]);
  });
});
