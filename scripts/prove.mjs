// npm run prove -- NAME: runs one of the longer proofs of prove/ on the built library; without a name it lists them.

import { pathToFileURL } from "node:url";
import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { listScripts, runnable } from "./runnable.mjs";

/**
 * @typedef {object} Proof what a file of prove/ exports
 * @property {string} describe one sentence: what it shows
 * @property {(args: readonly string[]) => Promise<void>} run throws when the claim does not hold
 */

/**
 * @param {readonly string[]} args name of a proof, then its own arguments
 * @returns {Promise<number>} exit code
 */
export async function main([name, ...args]) {
  await ensureInstalled();
  await ensureBuilt();
  const proofs = listScripts("prove");
  const script = proofs.get(name ?? "");
  if (script !== undefined) {
    await (await load(script)).run(args);
    console.log(`${name}: holds`);
    return 0;
  }
  console.log("npm run prove -- NAME, where NAME is one of:");
  for (const [known, file] of proofs) console.log(`  ${known.padEnd(20)} ${(await load(file)).describe}`);
  return name === undefined ? 0 : 1;
}

/**
 * @param {string} script
 * @returns {Promise<Proof>}
 */
async function load(script) {
  return import(pathToFileURL(await runnable(script)).href);
}
