// node scripts/run.mjs figures: computes and draws the figures of docs/attention again, from the sources as they are.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureInstalled } from "./install.mjs";
import { root } from "./process.mjs";

/**
 * @typedef {object} Figures what tools/figures exports
 * @property {readonly string[]} figureNames
 * @property {(name: string) => Promise<Readonly<Record<string, string>>>} drawFigure
 */

/**
 * @param {readonly string[]} names of figures; none for all
 * @returns {Promise<number>} exit code
 */
export async function main(names) {
  await ensureInstalled();
  process.env["ORT_DISABLE_TELEMETRY"] = "1";
  // Node 20 does not run TypeScript; Vite does, without a build.
  const { createServer } = await import("vite");
  const server = await createServer({
    configFile: false,
    root,
    appType: "custom",
    logLevel: "error",
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, watch: null, ws: false },
  });
  try {
    const module = await server.ssrLoadModule("/tools/figures/index.ts");
    return await write(/** @type {Figures} */ (/** @type {unknown} */ (module)), names);
  } finally {
    await server.close();
  }
}

/**
 * @param {Figures} figures
 * @param {readonly string[]} names
 * @returns {Promise<number>} exit code
 */
async function write({ figureNames, drawFigure }, names) {
  const unknown = names.filter((name) => !figureNames.includes(name));
  if (unknown.length > 0) {
    console.error(`No figure is called ${unknown.join(", ")}. There are: ${figureNames.join(", ")}.`);
    return 2;
  }
  const folder = join(root, "docs", "attention", "figures");
  await mkdir(folder, { recursive: true });
  for (const name of names.length > 0 ? names : figureNames)
    for (const [file, drawing] of Object.entries(await drawFigure(name))) {
      await writeFile(join(folder, file), drawing);
      console.log(`docs/attention/figures/${file} ${(drawing.length / 1000).toFixed(1)} kB`);
    }
  return 0;
}
