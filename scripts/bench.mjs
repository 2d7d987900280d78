// npm run bench -- NAME [--json]: runs bench/NAME.bench.mjs or .ts on the built library; without a name it lists them.

import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { run } from "./process.mjs";
import { listScripts, runnable } from "./runnable.mjs";

/**
 * @param {readonly string[]} args name of a bench, then its own arguments
 * @returns {Promise<number>} exit code
 */
export async function main([name, ...args]) {
  const benches = listScripts("bench", ".bench");
  const script = benches.get(name ?? "");
  if (script === undefined) {
    console.log(
      `npm run bench -- NAME [--json], where NAME is one of: ${[...benches.keys()].join(", ") || "(none yet)"}`,
    );
    return name === undefined ? 0 : 1;
  }
  await ensureInstalled();
  await ensureBuilt();
  return (await run(process.execPath, [await runnable(script), ...args], { interactive: true })).code;
}
