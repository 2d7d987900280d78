// The table of docs/devices.md: which mechanisms run where, from the cases of the mechanism suite and their exceptions.

import { mechanismCases } from "./mechanism-cases/index.ts";
import type { MechanismCase } from "./mechanism-suite.ts";
import { webgpuExceptions, webgpuMechanismExceptions, type WebgpuException } from "./webgpu-exceptions.ts";

/** The rows of the table, one a group of cases; a name stands in the first group that has it. */
export function deviceTable(): string {
  const listed = new Set<string>();
  const rows = Object.entries(mechanismCases).map(([group, cases]) => {
    const names = [...new Set(cases.flatMap(({ covers }) => covers))].filter((name) => !listed.has(name)).sort();
    names.forEach((name) => listed.add(name));
    if (names.length === 0) names.push(...cases.map(({ name }) => name as never));
    return `| ${group} | ${names.map((name) => `\`${name}\``).join(", ")} | yes | yes | ${onWebgpu(cases)} |`;
  });
  return ["| | | cpu | wasm | webgpu |", "|---|---|---|---|---|", ...rows].join("\n");
}

function onWebgpu(cases: readonly MechanismCase[]): string {
  const excepted = cases.flatMap(({ name }) =>
    webgpuMechanismExceptions.filter((exception) => exception.cases.includes(name)).map(({ reason }) => [name, reason]),
  );
  return excepted.length === 0 ? "yes" : `but for ${excepted.map(([name, why]) => `${name}: ${why}`).join("; ")}`;
}

/** What single operations get wrong on WebGPU, one line an exception. */
export function operationList(exceptions: readonly WebgpuException[] = webgpuExceptions): string {
  return exceptions
    .map(({ cases, reason, tolerance }) => {
      const ops = [...new Set(cases.map((name) => name.split(":")[0]!))];
      const bound = tolerance === undefined ? "" : ` (within ${tolerance} of the largest value)`;
      return `- ${ops.map((op) => `\`${op}\``).join(", ")}: ${reason}${bound}.`;
    })
    .join("\n");
}
