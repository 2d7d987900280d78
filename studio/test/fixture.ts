// The built page, and the built page with the stand-in model on a local port.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, preview, type Plugin } from "vite";

export interface Fixture {
  readonly url: string;
  /** Where the built page lies. */
  readonly folder: string;
  close(): Promise<void>;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const useStandIn: Plugin = {
  name: "use-stand-in",
  enforce: "pre",
  resolveId: (source, importer) =>
    source.endsWith("/pronouncer.ts") && importer?.endsWith("/worker/worker.ts") === true
      ? here("./fake-pronouncer.ts")
      : undefined,
};

const shared = { configFile: here("../vite.config.ts"), logLevel: "error" } as const;

/** Builds the studio into a temporary folder, policy and all. */
export async function buildPage(plugins: readonly Plugin[] = []): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), "heed-studio-"));
  await build({
    ...shared,
    plugins: [...plugins],
    worker: { format: "es", plugins: () => [...plugins] },
    build: { outDir },
  });
  return outDir;
}

/** Builds the studio with the stand-in and serves it. */
export async function serveFixture(): Promise<Fixture> {
  const outDir = await buildPage([useStandIn]);
  const server = await preview({ ...shared, build: { outDir }, preview: { port: 0, host: "127.0.0.1" } });
  return {
    url: server.resolvedUrls!.local[0]!,
    folder: outDir,
    close: async () => {
      await server.close();
      await rm(outDir, { recursive: true, force: true });
    },
  };
}
