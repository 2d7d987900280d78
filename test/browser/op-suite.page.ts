// The page of op-suite.test.ts: every case of every primitive on one device of the browser.

import { iota } from "../../src/core/ops/source.ts";
import { compile } from "../../src/engine/compile.ts";
import { configureWeb } from "../../src/engine/devices.ts";
import { opCases } from "../op-cases.ts";
import { deviceFindings } from "../op-suite.ts";
import { webgpuExceptions } from "../webgpu-exceptions.ts";

configureWeb({ filesUrl: "/ort/" });

/** Opens a session that stays: with the last session the runtime would drop its device and all compiled shaders. */
export async function open(device: "wasm" | "webgpu"): Promise<readonly string[]> {
  await compile(() => iota(2), { device })();
  return Object.keys(opCases);
}

/** What the cases of one op file get wrong: `op: case: finding`. */
export async function check(file: string, device: "wasm" | "webgpu"): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const c of opCases[file]!.cases) {
    const name = `${c.op}: ${c.name}`;
    const exception = device === "webgpu" ? webgpuExceptions.find(({ cases }) => cases.includes(name)) : undefined;
    let findings = await deviceFindings(c, device);
    if (exception && findings.length === 0) problems.push(`${name}: passes, so it is no exception any more`);
    if (exception)
      findings =
        exception.tolerance === undefined ? [] : await deviceFindings({ ...c, tolerance: exception.tolerance }, device);
    problems.push(...findings.map((finding) => `${name}: ${finding}`));
  }
  return problems;
}
