// Files of one folder as responses: nothing outside it, each with its type and its tag.

import { readFile, realpath, stat } from "node:fs/promises";
import { extname, join, sep } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".safetensors": "application/octet-stream",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

/**
 * A file as a response; null where there is none to show: a folder, a hidden file, a type that is not served, a path or a
 * link out of the folder.
 *
 * @param name - path inside the folder, decoded, with `/`.
 * @param caching - the header Cache-Control.
 * @param known - the header If-None-Match of the request: an equal tag is answered with 304.
 */
export async function readServed(
  folder: string,
  name: string,
  caching: string,
  known: string | undefined,
): Promise<Response | null> {
  const type = types[extname(name).toLowerCase()];
  const plain = name.split("/").every((part) => part !== "" && !part.startsWith(".") && !/[\\:\0]/.test(part));
  if (type === undefined || !plain) return null;
  try {
    const [base, file] = await Promise.all([realpath(folder), realpath(join(folder, name))]);
    if (!file.startsWith(base + sep)) return null;
    const facts = await stat(file);
    if (!facts.isFile()) return null;
    const tag = `"${facts.size.toString(16)}-${Math.floor(facts.mtimeMs).toString(16)}"`;
    const headers = { "Cache-Control": caching, "Content-Type": type, ETag: tag };
    if (known?.split(",").some((one) => one.trim().replace(/^W\//, "") === tag))
      return new Response(null, { status: 304, headers });
    const bytes = await readFile(file);
    return new Response(bytes, { headers: { ...headers, "Content-Length": String(bytes.length) } });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES" || code === "ENAMETOOLONG") return null;
    throw error;
  }
}
