// How the studio is built: into dist/studio, with relative addresses, so that any folder of any server can hold it.

import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What a page needs to be cross-origin isolated: only then does WASM get threads. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** The dev server styles the page with inline elements and talks over a socket; the built page needs neither. */
const relaxPolicyInDevelopment: Plugin = {
  name: "relax-policy-in-development",
  apply: "serve",
  transformIndexHtml: (html) =>
    html
      .replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
      .replace("connect-src 'self'", "connect-src 'self' ws:"),
};

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [svelte({ configFile: false }), relaxPolicyInDevelopment],
  resolve: {
    // The runtime's loader stays a file of its own: threads are started from it, not from the worker's bundle.
    conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions],
    alias: [
      { find: /^heed$/, replacement: here("../src/index.ts") },
      { find: /^heed\/(.+)$/, replacement: here("../src/$1/index.ts") },
    ],
  },
  worker: { format: "es" },
  optimizeDeps: { exclude: ["onnxruntime-web"] },
  server: { headers: isolation },
  preview: { headers: isolation },
  build: { outDir: here("../dist/studio"), emptyOutDir: true, target: "es2023", modulePreload: { polyfill: false } },
});
