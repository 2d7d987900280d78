import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeSmallData } from "./cli-data.ts";
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

  test("a training stops at the first Ctrl+C with a checkpoint, and at the second at once", async () => {
    const data = join(folder, "data");
    writeSmallData(data);
    const out = join(folder, "out");
    const flags = ["--data", data, "--size", "6", "--batch", "16", "--threads", "1", "--epochs", "5000", "--out", out];
    const once = startProgram(program, ["train", "g2p", ...flags, "--json"]);
    const first = ended(once);
    await says(once, '"type":"checkpoint"');
    once.kill("SIGINT");
    const { code, stdout } = await first;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ interrupted: true, folder: out });

    const twice = startProgram(program, ["train", "g2p", ...flags, "--json", "--resume"]);
    const second = ended(twice);
    await says(twice, "Resumed at step");
    twice.kill("SIGINT");
    await says(twice, "Ctrl+C again ends at once");
    twice.kill("SIGINT");
    // It may have been faster than the second press.
    expect([-1, 130]).toContain((await second).code);
  }, 300_000);

  test("prints its version, and ends well when nobody reads on", async () => {
    const child = startProgram(program, ["--version"]);
    const { code, stdout } = await ended(child);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${readVersion()}\n` });
    const closed = startProgram(program, ["pronounce", "--help"]);
    closed.stdout!.destroy();
    expect((await ended(closed)).code).toBe(0);
  }, 120_000);

  test("what it was asked for is done though nobody reads on: a figure, the exit code, a checkpoint", async () => {
    const figure = join(folder, "figure.svg");
    const drawing = startProgram(program, ["pronounce", "ab", "x1", "--figure", figure, "--model", folder]);
    drawing.stdout!.destroy();
    drawing.stderr!.destroy();
    expect(await closing(drawing)).toBe(1);
    expect(existsSync(figure)).toBe(true);

    const data = join(folder, "data");
    writeSmallData(data);
    const out = join(folder, "unread");
    const flags = ["--data", data, "--size", "6", "--batch", "16", "--threads", "1", "--epochs", "3", "--out", out];
    const training = startProgram(program, ["train", "g2p", ...flags, "--json"]);
    training.stdout!.destroy();
    training.stderr!.destroy();
    expect(await closing(training)).toBe(0);
    expect(existsSync(join(out, "model", "card.json"))).toBe(true);
  }, 300_000);
});

function says(child: ChildProcess, words: string): Promise<void> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stderr!.on("data", (part: string) => {
      text += part;
      if (text.includes(words)) resolve();
    });
    child.on("close", () => reject(new Error(`the program ended without ${words}: ${text.slice(-500)}`)));
  });
}

function closing(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on("exit", resolve));
}

function readVersion(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}
