// The page of mechanism-suite.test.ts: the cases of every mechanism on one device of the browser.

import { iota } from "../../src/core/ops/source.ts";
import { compile } from "../../src/engine/compile.ts";
import { configureWeb } from "../../src/engine/devices.ts";
import { mechanismCases } from "../mechanism-cases/index.ts";
import {
  compareWithReference,
  deviceFindings,
  prepareCases,
  runCases,
  tolerances,
  type MechanismCase,
} from "../mechanism-suite.ts";
import { webgpuMechanismExceptions } from "../webgpu-exceptions.ts";

configureWeb({ filesUrl: "/ort/" });

type Device = "wasm" | "webgpu";

/** Opens a session that stays: with the last session the runtime would drop its device and all compiled shaders. */
export async function open(device: Device): Promise<readonly string[]> {
  await compile(() => iota(2), { device })();
  return Object.keys(mechanismCases);
}

/** What the cases of one group get wrong: `case: finding`. */
export async function check(group: string, device: Device): Promise<readonly string[]> {
  const excepted = (c: MechanismCase): boolean =>
    device === "webgpu" && webgpuMechanismExceptions.some(({ cases }) => cases.includes(c.name));
  const cases = mechanismCases[group]!;
  const findings = await deviceFindings(
    cases.filter((c) => !excepted(c)),
    device,
  );
  const problems = findings.map(({ name, finding }) => `${name}: ${finding}`);
  for (const c of cases.filter(excepted)) problems.push(...(await checkException(c)));
  return problems;
}

/** What is wrong with an exception: that it passes, or that it is further off than it may be. */
async function checkException(c: MechanismCase): Promise<readonly string[]> {
  if ((await deviceFindings([c], "webgpu")).length === 0) return [`${c.name}: passes, so it is no exception any more`];
  const { tolerance } = webgpuMechanismExceptions.find(({ cases }) => cases.includes(c.name))!;
  if (tolerance === undefined) return [];
  const prepared = prepareCases([c]);
  const results = await runCases(prepared, "webgpu");
  const found = compareWithReference(prepared, results, tolerance / tolerances.output);
  return found.map(({ finding }) => `${c.name}: ${finding}`);
}
