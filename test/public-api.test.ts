// The public surface: what each entry exports. A change here is a change for users, and is reviewed as one.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const entries = [
  "index",
  "nn/index",
  "attention/index",
  "models/index",
  "train/index",
  "train/loop/index",
  "draw/index",
  "files/index",
  "engine/worker/index",
] as const;

test.each(entries)("%s exports what it is known to export", async (entry) => {
  const exported: object = await import(
    /* @vite-ignore */ fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url))
  );
  await expect(`${Object.keys(exported).sort().join("\n")}\n`).toMatchFileSnapshot(
    `./public-api/${entry.replaceAll("/", "-")}.txt`,
  );
});

test("every entry of package.json is one of these, and the reverse", async () => {
  const manifest = JSON.parse(await readFile(fileURLToPath(new URL("../package.json", import.meta.url)), "utf8")) as {
    exports: Record<string, { default: string }>;
  };
  const named = Object.values(manifest.exports).map((e) => e.default.replace("./dist/", "").replace(/\.js$/, ""));
  expect(named.sort()).toEqual([...entries].sort());
});
