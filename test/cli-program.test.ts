import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { saveSmallModel } from "./cli-model.ts";
import { buildProgram, ended, runProgram, startProgram } from "./cli-program.ts";

const folder = mkdtempSync(join(tmpdir(), "heed-program-"));
let program = "";

beforeAll(async () => {
  program = await buildProgram();
  await saveSmallModel(folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("the program", () => {
  test("has a first line that a shell understands", () => {
    expect(readFileSync(program, "utf8").split("\n")[0]).toBe("#!/usr/bin/env node");
  });

  test("answers a word, reads standard input, and fails with 1 where a word is bad", async () => {
    const { code, stdout, stderr } = await runProgram(
      program,
      ["pronounce", "ab", "-", "x1", "--json", "--model", folder],
      "ba",
    );
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as readonly { word: string }[]).map(({ word }) => word)).toEqual(["ab", "ba", "x1"]);
    expect(stderr).toContain('"x1" with "1"');
  }, 120_000);

  test("says on stderr, with 2, what is wrong with a command line", async () => {
    const { code, stdout, stderr } = await runProgram(program, ["pronounce", "--nothing"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("unknown option '--nothing'");
  }, 120_000);

  test("prints its version, and ends well when nobody reads on", async () => {
    const child = startProgram(program, ["--version"]);
    const { code, stdout } = await ended(child);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${readVersion()}\n` });
    const closed = startProgram(program, ["pronounce", "--help"]);
    closed.stdout!.destroy();
    expect((await ended(closed)).code).toBe(0);
  }, 120_000);
});

function readVersion(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}
