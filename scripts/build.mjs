// dist/: the library by tsc and the studio by Vite, each built only when its inputs changed.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashFiles, listFiles } from "./input-hash.mjs";
import { ensureInstalled } from "./install.mjs";
import { root, runTool, seconds, SetupError } from "./process.mjs";

const stampFile = join(root, "dist", ".stamp");
const studioConfig = "studio/vite.config.ts";

/** @typedef {{ library?: string, studio?: string }} Stamp hashes of the inputs of the last good build */

/**
 * Builds what changed since the last good build.
 *
 * @returns {Promise<void>}
 * @throws SetupError with the compiler's words
 */
export async function ensureBuilt() {
  const library = await ensureLibrary();
  if (existsSync(join(root, studioConfig))) await ensureStudio(library);
}

/**
 * @returns {Promise<string>} the hash of the library's inputs
 * @throws SetupError with the compiler's words
 */
export async function ensureLibrary() {
  const sources = listFiles(root, ["src"]).filter((file) => file.endsWith(".ts") && !/\.(test|cases)\.ts$/.test(file));
  const outputs = new Set(sources.flatMap(outputsOf));
  const library = hashFiles(root, [...sources, "tsconfig.json", "package.json", "package-lock.json"]);
  const whole = [...outputs].every((file) => existsSync(join(root, file)));
  const last = readStamp();
  if (whole && last.library === library) return library;
  // The compiler remembers what it wrote, and would not write again what somebody deleted.
  if (!whole) rmSync(join(root, "dist", ".tsbuildinfo"), { force: true });
  writeStamp({});
  await build("library", "typescript/tsc", ["-p", "tsconfig.json"]);
  for (const file of listFiles(root, ["dist"]))
    if (/\.(js|js\.map|d\.ts)$/.test(file) && !/^dist\/(studio|run)\//.test(file) && !outputs.has(file))
      rmSync(join(root, file));
  writeStamp({ ...last, library });
  return library;
}

/**
 * @param {string} library hash of the library that the studio is built on
 */
async function ensureStudio(library) {
  const studio = hashFiles(root, listFiles(root, ["studio"]), [library]);
  const last = readStamp();
  if (last.studio === studio && existsSync(join(root, "dist", "studio", "index.html"))) return;
  writeStamp({ library });
  await build("studio", "vite", ["build", "--config", studioConfig]);
  writeStamp({ library, studio });
}

/** `npm run build`. */
export async function main() {
  await ensureInstalled();
  await ensureBuilt();
  console.log("dist is up to date.");
  return 0;
}

/**
 * @param {string} what
 * @param {string} tool
 * @param {readonly string[]} args
 */
async function build(what, tool, args) {
  console.log(`Building the ${what} ...`);
  const start = Date.now();
  const { code, output } = await runTool(tool, args, { quiet: true });
  if (code !== 0) throw new SetupError(`${output}\nThe ${what} does not build; the reasons are above.`);
  console.log(`Built the ${what} (${seconds(start)}).`);
}

/**
 * What tsc makes of a source.
 *
 * @param {string} source
 */
function outputsOf(source) {
  const stem = source.replace(/^src/, "dist").replace(/\.ts$/, "");
  return source.endsWith(".d.ts") ? [] : [`${stem}.js`, `${stem}.js.map`, `${stem}.d.ts`];
}

/** @returns {Stamp} */
function readStamp() {
  return existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, "utf8")) : {};
}

/** @param {Stamp} stamp */
function writeStamp(stamp) {
  mkdirSync(join(root, "dist"), { recursive: true });
  writeFileSync(stampFile, JSON.stringify(stamp));
}
