// What the studio's server answers: the page, its files, the model. Reading only, for pages of this address only.

import { Hono } from "hono";
import { pronounceFiles } from "../../models/pronounce/model.ts";
import { readServed } from "./files.ts";

/** What is served, and to whom. */
export interface StudioAppOptions {
  /** The built page. */
  readonly pageFolder: string;
  readonly modelFolder: string;
  /** The port that the server listens on; requests for another host or port are refused. */
  readonly port: number;
}

// Scripts, workers and WebAssembly from this address alone; the same words as in the page itself.
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers: Readonly<Record<string, string>> = {
  "Content-Security-Policy": contentPolicy,
  // Together they isolate the page, and only an isolated page gets threads in WebAssembly.
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

const modelPath = "/models/pronounce/";
const modelFiles: readonly string[] = [...Object.values(pronounceFiles), "card.json"];

/** The application; `fetch` answers a request. */
export function createStudioApp({ pageFolder, modelFolder, port }: StudioAppOptions): Hono {
  // Clients leave out the port where it is the one that http means.
  const hosts = ["127.0.0.1", "localhost"].flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]);
  const app = new Hono();
  app.use(async (context, next) => {
    const host = context.req.header("host")?.toLowerCase();
    const origin = context.req.header("origin")?.toLowerCase();
    const { method } = context.req;
    // A name that another site made to point here is not ours (DNS rebinding), nor is a page of another address.
    if (host === undefined || !hosts.includes(host))
      context.res = refusal(403, "This server answers its own page only.");
    else if (origin !== undefined && !hosts.some((known) => origin === `http://${known}`))
      context.res = refusal(403, "This server answers its own page only.");
    else if (method !== "GET" && method !== "HEAD") {
      context.res = refusal(405, "Only GET and HEAD are answered.");
      context.res.headers.set("Allow", "GET, HEAD");
    } else await next();
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
  });
  app.get("*", async (context) => {
    const path = decodedPath(context.req.url);
    if (path === null) return refusal(400, "The path cannot be read.");
    const known = context.req.header("if-none-match");
    if (path.startsWith(modelPath)) {
      const name = path.slice(modelPath.length);
      if (!modelFiles.includes(name)) return refusal(404, "No such file.");
      return (await readServed(modelFolder, name, "no-cache", known)) ?? refusal(404, "No such file.");
    }
    const name = path === "/" ? "index.html" : path.slice(1);
    // The build names what is in assets after its content.
    const caching = name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
    return (await readServed(pageFolder, name, caching, known)) ?? refusal(404, "No such file.");
  });
  return app;
}

/** The path of an address, decoded once; null where that cannot be done. */
function decodedPath(url: string): string | null {
  try {
    return decodeURIComponent(new URL(url).pathname);
  } catch {
    return null;
  }
}

function refusal(status: number, sentence: string): Response {
  return new Response(`${sentence}\n`, { status, headers: { "Content-Type": "text/plain; charset=utf-8" } });
}
