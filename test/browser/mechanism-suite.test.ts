// Every mechanism of attention in headless Chromium, on WebAssembly and on WebGPU without kernels of the processor.

import { expect, test } from "vitest";
import { mechanismCases } from "../mechanism-cases/index.ts";
import { webgpuMechanismExceptions } from "../webgpu-exceptions.ts";
import { needsBrowser, withPage } from "./harness.ts";
import type * as page from "./mechanism-suite.page.ts";

needsBrowser();

const entry = new URL("./mechanism-suite.page.ts", import.meta.url);

test.each(["wasm", "webgpu"] as const)("every mechanism equals the reference on %s", { timeout: 600_000 }, (device) =>
  withPage<typeof page>({ entry }, async ({ call, errors }) => {
    const problems: string[] = [];
    for (const group of await call("open", device)) problems.push(...(await call("check", group, device)));
    expect(problems).toEqual([]);
    expect(errors).toEqual([]);
  }),
);

test("every exception names a case", () => {
  const names = Object.values(mechanismCases).flatMap((cases) => cases.map(({ name }) => name));
  expect(webgpuMechanismExceptions.flatMap(({ cases }) => cases).filter((name) => !names.includes(name))).toEqual([]);
});
