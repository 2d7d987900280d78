// A server for one test page: bundled TypeScript and ONNX Runtime's files, isolated so that WASM may use threads.

import { createServer, type Server } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** What a page is made of. */
export interface PageFiles {
  /** The TypeScript module whose exports the test calls. */
  readonly entry: URL;
  /** Modules for `new Worker("/NAME.js", { type: "module" })`, by name. */
  readonly workers?: Readonly<Record<string, URL>>;
  /** Folders served below a prefix such as `/models/`. `/ort/` is ONNX Runtime's own. */
  readonly folders?: Readonly<Record<string, URL>>;
}

/** A running server. */
export interface PageServer {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  close(): Promise<void>;
}

const root = new URL("../../", import.meta.url);

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Cross-origin isolation: without these two headers there is no SharedArrayBuffer, and WASM runs on one thread. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

const html = '<!doctype html><meta charset="utf-8"><title>heed test page</title><link rel="icon" href="data:,">';

/** Bundles the page in memory and serves it on a free port of 127.0.0.1. */
export async function servePage({ entry, workers = {}, folders = {} }: PageFiles): Promise<PageServer> {
  const bundles = await bundle({ page: entry, ...workers });
  const served = { "/ort/": new URL("node_modules/onnxruntime-web/dist/", root), ...folders };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    void answer(path, bundles, served).then((body) => {
      const type = types[path === "/" ? ".html" : extname(path)] ?? "application/octet-stream";
      response.writeHead(body === undefined ? 404 : 200, {
        ...isolation,
        "Content-Type": type,
        "Cache-Control": "no-store",
      });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => close(server) };
}

/** The bundle of each module, by its address. Imports of `heed` come from src. */
async function bundle(entries: Readonly<Record<string, URL>>): Promise<ReadonlyMap<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, url]) => [name, fileURLToPath(url)])),
    absWorkingDir: fileURLToPath(root),
    bundle: true,
    write: false,
    outdir: "/",
    format: "esm",
    platform: "browser",
    target: "es2023",
    sourcemap: "inline",
    logLevel: "silent",
    plugins: [
      {
        name: "heed-from-src",
        setup({ onResolve }) {
          onResolve({ filter: /^heed(\/|$)/ }, ({ path }) => ({
            path: fileURLToPath(new URL(`src${path.slice("heed".length)}/index.ts`, root)),
          }));
        },
      },
    ],
  });
  return new Map(
    outputFiles.map(({ path, contents }) => [path.replaceAll("\\", "/").replace(/^[A-Za-z]:/, ""), contents]),
  );
}

async function answer(
  path: string,
  bundles: ReadonlyMap<string, Uint8Array>,
  folders: Readonly<Record<string, URL>>,
): Promise<string | Uint8Array | undefined> {
  if (path === "/") return html;
  if (bundles.has(path)) return bundles.get(path);
  const prefix = Object.keys(folders).find((start) => path.startsWith(start));
  if (prefix === undefined) return undefined;
  const folder = fileURLToPath(folders[prefix]!);
  const file = join(folder, path.slice(prefix.length));
  if (relative(folder, file).startsWith("..")) return undefined;
  return readFile(file).catch(() => undefined);
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
