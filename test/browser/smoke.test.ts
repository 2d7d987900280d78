// The ground that browser tests stand on: an isolated page, WASM threads, a WebGPU adapter, and ONNX Runtime in the page.

import { expect, test } from "vitest";
import { needsBrowser, withPage } from "./harness.ts";
import type * as smoke from "./smoke.page.ts";

needsBrowser();

const entry = new URL("./smoke.page.ts", import.meta.url);

/** Protocol buffers by hand: a field of bytes, of text or of a small number. */
const field = (number: number, value: number | string | readonly number[]): number[] => {
  if (typeof value === "number") return [number << 3, value];
  const bytes = typeof value === "string" ? [...new TextEncoder().encode(value)] : value;
  return [(number << 3) | 2, bytes.length, ...bytes];
};

/** An ONNX model `y = -x` over float32 vectors of length 3; IR 10, opset 21. */
function negation(): number[] {
  const type = field(1, [...field(1, 1), ...field(2, field(1, field(1, 3)))]);
  const value = (name: string): number[] => [...field(1, name), ...field(2, type)];
  const node = [...field(1, "x"), ...field(2, "y"), ...field(4, "Neg")];
  const graph = [...field(1, node), ...field(2, "negation"), ...field(11, value("x")), ...field(12, value("y"))];
  return [...field(1, 10), ...field(7, graph), ...field(8, field(2, 21))];
}

test("a page is isolated, has WebGPU and runs ONNX Runtime on two WASM threads", () =>
  withPage<typeof smoke>({ entry }, async ({ call, errors }) => {
    expect(await call("isolation")).toEqual({ crossOriginIsolated: true, sharedMemory: true });
    expect(await call("adapter")).toEqual({ vendor: "google", architecture: "swiftshader" });
    expect(await call("runModel", negation(), [1, -2, 0.5])).toEqual({ y: [-1, 2, -0.5], threads: 2 });
    expect(errors).toEqual([]);
  }));

test("a page that throws while it loads fails with the reason", async () => {
  const broken = new URL("./broken.page.ts", import.meta.url);
  await expect(withPage({ entry: broken }, async () => {})).rejects.toThrow("this page is broken on purpose");
});
