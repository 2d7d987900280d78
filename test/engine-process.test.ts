// The engine in a process of its own: what it leaves on the disk, what it says, and that it ends.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Said } from "./cli-console.ts";
import { buildProgram, ended } from "./cli-program.ts";

const place = mkdtempSync(join(tmpdir(), "heed-engine-"));
let dist = "";
let home = "";
let temporary = "";

beforeAll(async () => {
  dist = dirname(dirname(await buildProgram()));
});

beforeEach(() => {
  home = mkdtempSync(join(place, "home-"));
  temporary = mkdtempSync(join(place, "tmp-"));
});

afterAll(() => {
  rmSync(place, { recursive: true, force: true });
});

/** Runs a module in a new home and with a new folder for temporary files. */
function runModule(
  body: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<Said> {
  const entry = JSON.stringify(pathToFileURL(join(dist, "index.js")).href);
  const code = `import { array, compile, evaluate, mul, scope } from ${entry};\n${body}`;
  const { ORT_DISABLE_TELEMETRY: _unset, ...inherited } = process.env;
  const file = join(place, "run.mjs");
  writeFileSync(file, code);
  const child = spawn(process.execPath, [...args, file], {
    env: { ...inherited, HOME: home, USERPROFILE: home, TMPDIR: temporary, ...env },
    stdio: "pipe",
  });
  return ended(child);
}

const double = `
  const double = (x) => scope("doubling", () => mul(x, 2));
  const f = compile(double);
  console.log(JSON.stringify(await (await f(array([1, 2]))).toNested()));
`;

/** A loader that has no onnxruntime-node, as on a platform without its binaries. */
const withoutNative = `data:text/javascript,${encodeURIComponent(`
  import { register } from "node:module";
  register("data:text/javascript," + encodeURIComponent(\`
    export const resolve = (name, context, next) => {
      if (name === "onnxruntime-node") throw new Error("no binary here");
      return next(name, context);
    };
  \`));
`)}`;

describe("a process that runs a compiled function", () => {
  test("says nothing of its own, leaves nothing behind, and ends", async () => {
    expect(await runModule(double)).toEqual({ code: 0, stdout: "[2,4]\n", stderr: "" });
    // The runtime's telemetry would keep an identity below ~/.cache/Microsoft, and a log beside the temporary files.
    expect(readdirSync(home, { recursive: true })).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.each(["cpu", "wasm"])("throws a failure of the runtime on %s, and prints nothing", async (device) => {
    const said = await runModule(`
      import { gather } from ${JSON.stringify(pathToFileURL(join(dist, "index.js")).href)};
      const look = compile((table, at) => gather(table, at), { device: "${device}" });
      await look(array([1, 2]), array([5], { dtype: "int32" })).catch((error) => console.log(error.code));
    `);
    expect(said).toEqual({ code: 0, stdout: "engine\n", stderr: "" });
  });

  test("uses WebAssembly where there is no native runtime, and says so once", async () => {
    const twice = `${double} console.log((await evaluate(double, 3)).data[0]);`;
    const said = await runModule(twice, {}, ["--import", withoutNative]);
    expect(said.stdout).toBe("[2,4]\n6\n");
    expect(said.stderr.split("\n")).toEqual([
      expect.stringMatching(
        /^heed: no native runtime for \S+; using WebAssembly, which is slower \(engine\.cpu: a native ONNX Runtime for \S+, got no binary here\. Use device "wasm"\.\)$/,
      ),
      "",
    ]);
    expect(said.code).toBe(0);
  });

  test("prints its profile when it ends, with HEED_PROFILE=1", async () => {
    const said = await runModule(`${double} compile(double);`, { HEED_PROFILE: "1" });
    expect(said.stdout).toBe("[2,4]\n");
    expect(said.stderr).toMatch(
      /^heed: profile of double\n +share +ms +calls +GFLOP +MB +GFLOP\/s +GB\/s +node\n *100\.0 % .* doubling\/mul\S*\n.* total\n\n.* scope\n *100\.0 % .* doubling\n.* total\n$/,
    );
    expect(readdirSync(temporary)).toEqual([]);
    expect(said.code).toBe(0);
  });

  test("takes its device from HEED_DEVICE", async () => {
    expect(await runModule(double, { HEED_DEVICE: "wasm" })).toEqual({ code: 0, stdout: "[2,4]\n", stderr: "" });
    const said = await runModule(double, { HEED_DEVICE: "tpu" });
    expect(said.stderr).toContain("HEED_DEVICE: the device must be cpu, wasm or webgpu, got tpu");
    expect(said.code).toBe(1);
  });
});
