// The program as a child process: src compiled file by file, as a build does it, into a folder that later runs find again.

import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Said } from "./cli-console.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");
const builds = join(root, ".heed", "test-cli");

/** Compiles src and returns the path of the program. */
export async function buildProgram(): Promise<string> {
  const files = readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.(test|cases)\.ts$/.test(file))
    .sort()
    .map((file) => join(src, file));
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file));
  const folder = join(builds, hash.digest("hex").slice(0, 16));
  const program = join(folder, "dist", "cli", "main.js");
  if (existsSync(program)) return program;
  const making = `${folder}-${process.pid}`;
  await build({
    entryPoints: files,
    outdir: join(making, "dist"),
    outbase: src,
    format: "esm",
    platform: "node",
    target: "node20",
    plugins: [
      {
        name: "relative-imports",
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path }) => ({
            loader: "ts",
            contents: readFileSync(path, "utf8").replaceAll(/(["'`]\.\.?\/[^"'`\n]*)\.ts(["'`])/g, "$1.js$2"),
          }));
        },
      },
    ],
  });
  const { type, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, string>;
  writeFileSync(join(making, "package.json"), JSON.stringify({ type, version }));
  try {
    renameSync(making, folder);
  } catch {
    rmSync(making, { recursive: true, force: true }); // another test file was faster
  }
  for (const old of readdirSync(builds))
    if (/^[0-9a-f]{16}$/.test(old) && join(builds, old) !== folder) rmSync(join(builds, old), { recursive: true });
  return program;
}

/** Starts the program. */
export function startProgram(program: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  mkdirSync(builds, { recursive: true });
  return spawn(process.execPath, [program, ...args], { cwd: root, env: { ...process.env, ...env }, stdio: "pipe" });
}

/** Runs the program to its end. */
export function runProgram(program: string, args: readonly string[], input = ""): Promise<Said> {
  const child = startProgram(program, args);
  child.stdin!.end(input);
  return ended(child);
}

/** Waits for a program to end; `code` is -1 after a signal. */
export function ended(child: ChildProcess): Promise<Said> {
  const said = { stdout: "", stderr: "" };
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code: code ?? -1, ...said })));
}
