// Every primitive in headless Chromium, on WebAssembly and on WebGPU without kernels of the processor.

import { expect, test } from "vitest";
import { opCases } from "../op-cases.ts";
import { webgpuExceptions } from "../webgpu-exceptions.ts";
import { needsBrowser, withPage } from "./harness.ts";
import type * as page from "./op-suite.page.ts";

needsBrowser();

const entry = new URL("./op-suite.page.ts", import.meta.url);

// Alone on two cores WebGPU takes about a minute: its shaders are compiled and run by the processor.
test.each(["wasm", "webgpu"] as const)("every primitive equals the reference on %s", { timeout: 600_000 }, (device) =>
  withPage<typeof page>({ entry }, async ({ call, errors }) => {
    const problems: string[] = [];
    for (const file of await call("open", device)) problems.push(...(await call("check", file, device)));
    expect(problems).toEqual([]);
    expect(errors).toEqual([]);
  }),
);

test("every exception names a case", () => {
  const names = Object.values(opCases).flatMap(({ cases }) => cases.map((c) => `${c.op}: ${c.name}`));
  expect(webgpuExceptions.flatMap(({ cases }) => cases).filter((name) => !names.includes(name))).toEqual([]);
});
