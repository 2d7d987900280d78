// Scripts of bench/ and prove/ may be TypeScript, which Node 20 does not run: they are compiled against the built library.

import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { listFiles } from "./input-hash.mjs";
import { root } from "./process.mjs";

/** @import { Plugin } from "esbuild" */

/**
 * The scripts of a folder by their names: `bench/softmax.bench.ts` is `softmax`.
 *
 * @param {string} folder
 * @param {string} ending before `.mjs` or `.ts`, for instance `.bench`; default none
 * @returns {Map<string, string>} paths relative to the repository
 */
export function listScripts(folder, ending = "") {
  const pattern = new RegExp(`^${folder}/([\\w-]+)${ending.replace(".", "\\.")}\\.(mjs|ts)$`);
  return new Map(
    listFiles(root, [folder]).flatMap((file) => (pattern.test(file) ? [[file.replace(pattern, "$1"), file]] : [])),
  );
}

/**
 * A path that Node can run for a script.
 *
 * @param {string} script relative to the repository
 * @returns {Promise<string>} absolute; below dist/run for TypeScript
 */
export async function runnable(script) {
  const source = join(root, script);
  if (script.endsWith(".mjs")) return source;
  const { build } = await import("esbuild");
  const outfile = join(root, "dist", "run", `${basename(script, ".ts")}.mjs`);
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: "inline",
    define: { "import.meta.url": JSON.stringify(pathToFileURL(source).href) },
    logLevel: "warning",
    plugins: [builtLibrary],
  });
  return outfile;
}

/**
 * Imports of src go to dist, so that a bench measures what ships and workers find their files.
 *
 * @type {Plugin}
 */
const builtLibrary = {
  name: "built-library",
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ path, resolveDir }) => {
      const file = relative(join(root, "src"), join(resolveDir, path));
      if (file.startsWith("..")) return undefined;
      return { path: pathToFileURL(join(root, "dist", file.replace(/\.ts$/, ".js"))).href, external: true };
    });
  },
};
