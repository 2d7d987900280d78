// Child processes: run a program or a tool of node_modules, its output shown or kept.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** What a person can repair; printed as its sentence alone, without a stack. */
export class SetupError extends Error {
  /** @override */
  name = "SetupError";
}

/**
 * @typedef {object} RunOptions
 * @property {boolean} [quiet] keep the output instead of showing it; default false
 * @property {Record<string, string>} [env] variables beside those of this process
 * @property {number} [timeout] milliseconds after which the program is ended; default none
 * @property {boolean} [interactive] leave Ctrl+C to the program and pass other signals on; default false
 */

/**
 * Runs a program in the repository's folder.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} `code` is 128 + the signal's number after a signal, 127 when there is no
 *   such program; `output` is both streams, empty unless `quiet`.
 */
export function run(command, args, { quiet = false, env = {}, timeout, interactive = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: quiet ? ["ignore", "pipe", "pipe"] : "inherit",
      // Node refuses to start .cmd files on Windows without a shell.
      shell: process.platform === "win32" && command.endsWith(".cmd"),
      ...(timeout === undefined ? {} : { timeout, killSignal: /** @type {const} */ ("SIGKILL") }),
    });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => (output += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (output += text));
    const release = interactive ? passSignals(child) : () => {};
    child.on("error", (error) => {
      release();
      resolve({ code: 127, output: `${output}${error.message}\n` });
    });
    child.on("close", (code, signal) => {
      release();
      resolve({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), output });
    });
  });
}

/**
 * Runs the program of an installed package, without a shell and without npx.
 *
 * @param {string} name package, whose program has the same name or is named after a slash (`typescript/tsc`)
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runTool(name, args, options) {
  const [folder = name, program = name] = name.split("/");
  const { bin } = JSON.parse(readFileSync(join(root, "node_modules", folder, "package.json"), "utf8"));
  const file = join(root, "node_modules", folder, typeof bin === "string" ? bin : bin[program]);
  return run(process.execPath, [file, ...args], options);
}

/**
 * The time since `start`, for a person.
 *
 * @param {number} start of `Date.now()`
 */
export function seconds(start) {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}

/**
 * Passes signals on. A terminal sends Ctrl+C to the child as well, so there it is only swallowed here. When npm is asked to
 * end, it ends the shell between it and this process, and no signal arrives: then the parent is another one.
 *
 * @param {import("node:child_process").ChildProcess} child
 * @returns {() => void} takes the listeners away
 */
function passSignals(child) {
  /** @type {Map<NodeJS.Signals, () => void>} */
  const listeners = new Map([
    ["SIGINT", () => void (process.stdin.isTTY || child.kill("SIGINT"))],
    ["SIGTERM", () => void child.kill("SIGTERM")],
    ["SIGHUP", () => void child.kill("SIGHUP")],
  ]);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid === parent || child.kill("SIGTERM"), 500);
  return () => {
    clearInterval(watch);
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
