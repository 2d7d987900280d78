// How the tests run, with `npm test` and with `npx vitest` alike.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { findBrowser } from "./scripts/browser.mjs";

const src = fileURLToPath(new URL("src/", import.meta.url));

export default defineConfig(async () => ({
  resolve: {
    alias: [
      { find: /^heed$/, replacement: `${src}index.ts` },
      { find: /^heed\/(.+)$/, replacement: `${src}$1/index.ts` },
    ],
  },
  test: {
    include: ["{src,test,studio,scripts}/**/*.test.ts"],
    environment: "node",
    // A process for each file: the native runtime keeps threads and memory that a worker thread would share.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: {
      // ONNX Runtime's native builds report usage unless told not to.
      ORT_DISABLE_TELEMETRY: "1",
      HEED_BROWSER: process.env.HEED_BROWSER ?? (await findBrowser()) ?? "",
    },
  },
}));
