// What the benches compare heed with: the packages of bench/package.json, and a Node that is new enough for them.

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Lock = { readonly packages: Readonly<Record<string, { readonly version: string; readonly optional?: boolean }>> };

/**
 * Runs `npm install` in `folder` unless its node_modules holds what its package-lock.json asks for; not `npm ci`, which
 * refuses the lock since npm 11 because a peer names optional packages of other systems in versions that were never
 * published. Where it fails npm says why, and peers that are missing are told as missing.
 */
export async function ensurePackages(folder: string): Promise<void> {
  if (isInstalled(folder)) return;
  console.error("Installing the packages of bench/package-lock.json ...");
  const npm = process.env["npm_execpath"];
  const args = ["install", "--no-save", "--prefer-offline", "--prefix", folder];
  const [command, ...rest] =
    npm !== undefined && /npm-cli\.c?js$/.test(npm)
      ? [process.execPath, npm, ...args]
      : [process.platform === "win32" ? "npm.cmd" : "npm", ...args];
  await new Promise<void>((resolve) => {
    const shell = process.platform === "win32" && command!.endsWith(".cmd");
    const child = spawn(command!, rest, { cwd: folder, stdio: ["ignore", process.stderr, "inherit"], shell });
    child.on("error", (error) => console.error(error.message));
    child.on("close", () => resolve());
  });
}

/** Whether npm's own record of what it installed has every package of the lock that is not optional. */
function isInstalled(folder: string): boolean {
  const record = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const installed = packagesOf(record);
  return Object.entries(packagesOf(join(folder, "package-lock.json"))).every(
    ([path, entry]) => path === "" || entry.optional === true || installed[path]?.version === entry.version,
  );
}

function packagesOf(file: string): Lock["packages"] {
  return (JSON.parse(readFileSync(file, "utf8")) as Lock).packages;
}

/** The path of a Node of version 22 or newer: this one, or the one that npm installed in `folder`; null for none. */
export function newerNode(folder: string): string | null {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  const { platform, arch } = process;
  const system = platform === "win32" ? "win" : platform;
  const program = platform === "win32" ? "node.exe" : "node";
  const path = join(folder, "node_modules", `node-${system}-${arch}`, "bin", program);
  return existsSync(path) ? path : null;
}
