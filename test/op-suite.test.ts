// Every primitive on the reference, on the native CPU and on WebAssembly.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HeedError } from "../src/core/errors.ts";
import { opCases } from "./op-cases.ts";
import { deviceFindings, referenceFindings } from "./op-suite.ts";

const folder = new URL("../src/core/ops/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && !/\.(cases|test)\.ts$/.test(name));

/** The ops that a file declares. */
function declaredOps(file: string): readonly string[] {
  const text = readFileSync(new URL(file, folder), "utf8");
  return [...text.matchAll(/\bname: "(\w+)"/g)].map(([, name]) => name!);
}

const allCases = Object.values(opCases).flatMap(({ cases }) => cases);
const allRefusals = Object.values(opCases).flatMap(({ refusals }) => refusals);
const ops = files.flatMap(declaredOps);

describe("every op file", () => {
  test("has ops, cases for each of them, and bad inputs", () => {
    expect(ops.length).toBeGreaterThan(40);
    // These two take any tensor.
    const takesAll = ["stopGradient", "site"];
    expect(ops.filter((op) => !allCases.some((c) => c.op === op))).toEqual([]);
    expect(ops.filter((op) => !allRefusals.some((c) => c.op === op) && !takesAll.includes(op))).toEqual([]);
  });

  test("declares the ops of the cases", () => {
    expect([...new Set([...allCases, ...allRefusals].map((c) => c.op))].filter((op) => !ops.includes(op))).toEqual([]);
  });

  test("has cases with unique names", () => {
    const names = allCases.map((c) => `${c.op}: ${c.name}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe.each([...new Set(allCases.map((c) => c.op))])("%s", (op) => {
  const cases = allCases.filter((c) => c.op === op);

  test("shapes, values by hand, gradients by differences", () => {
    expect(cases.flatMap((c) => referenceFindings(c).map((finding) => `${c.name}: ${finding}`))).toEqual([]);
  });

  test.each(["cpu", "wasm"] as const)("equals the reference on %s", async (device) => {
    const findings: string[] = [];
    for (const c of cases)
      for (const finding of await deviceFindings(c, device)) findings.push(`${c.name}: ${finding}`);
    expect(findings).toEqual([]);
  });
});

describe("bad input", () => {
  test.each(allRefusals.map((r) => [`${r.op}: ${r.name}`, r] as const))("%s", (_name, { apply, message }) => {
    let thrown: unknown;
    try {
      apply();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(HeedError);
    expect((thrown as HeedError).message).toBe(message);
  });
});
