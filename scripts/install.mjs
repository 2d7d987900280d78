// The packages of package-lock.json in node_modules: installed once, and again when the lock changes.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, seconds, SetupError } from "./process.mjs";

/** How npm says that it found no network. */
const unreachable = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ENOTCACHED|ERR_SOCKET_TIMEOUT/;

/**
 * Runs `npm ci` unless node_modules holds what package-lock.json asks for.
 *
 * @returns {Promise<void>}
 * @throws SetupError with npm's words
 */
export async function ensureInstalled() {
  if (isInstalled()) return;
  console.log("Installing the packages of package-lock.json ...");
  const start = Date.now();
  const { code, output } = await runNpm(["ci", "--prefer-offline"]);
  if (code !== 0) {
    const why = unreachable.test(output)
      ? "npm could not reach its registry. Installing heed needs it once: try again with a connection."
      : "npm ci failed; its words are above.";
    throw new SetupError(`${output}\n${why}`);
  }
  console.log(`Installed (${seconds(start)}).`);
}

/**
 * Runs npm: the one that runs this script where there is one, else the one on the PATH.
 *
 * @param {readonly string[]} args
 */
function runNpm(args) {
  const npm = process.env.npm_execpath;
  const options = { quiet: true };
  if (npm !== undefined && /npm-cli\.c?js$/.test(npm)) return run(process.execPath, [npm, ...args], options);
  return run(process.platform === "win32" ? "npm.cmd" : "npm", args, options);
}

/**
 * @typedef {object} LockEntry
 * @property {string} version
 * @property {boolean} [optional]
 * @property {readonly string[]} [os]
 * @property {readonly string[]} [cpu]
 * @property {readonly string[]} [libc]
 */

/** Whether npm's own record of what it installed, written last, has every package of the lock in its version. */
function isInstalled() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = packagesOf(record);
  return Object.entries(packagesOf(join(root, "package-lock.json"))).every(
    ([path, entry]) => path === "" || !isForHere(entry) || installed[path]?.version === entry.version,
  );
}

/**
 * @param {string} file
 * @returns {Record<string, LockEntry>}
 */
function packagesOf(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

/**
 * Whether npm installs a package on this platform. A folder that moved to another platform lacks that one's binaries.
 *
 * @param {LockEntry} entry
 */
function isForHere({ optional = false, os, cpu, libc }) {
  if (!optional) return true;
  if (os === undefined || cpu === undefined || libc !== undefined) return false;
  return os.includes(process.platform) && cpu.includes(process.arch);
}
