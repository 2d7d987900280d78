// npm start: install, build, pronounce one word, open the studio.

import { join } from "node:path";
import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { root, run } from "./process.mjs";

/**
 * @param {readonly string[]} args for `heed studio`
 * @returns {Promise<number>} exit code
 */
export async function main(args) {
  await ensureInstalled();
  await ensureBuilt();
  const { code } = await heed(["pronounce", "attention"]);
  if (code !== 0) return code;
  const nobodyLooks = !process.stdout.isTTY || Boolean(process.env.CI);
  return (await heed(["studio", ...(nobodyLooks ? ["--no-open"] : []), ...args])).code;
}

/** @param {readonly string[]} args */
function heed(args) {
  return run(process.execPath, [join(root, "dist", "cli", "main.js"), ...args], { interactive: true });
}
