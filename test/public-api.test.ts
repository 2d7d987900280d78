// The public surface: what each entry exports. A change here is a change for users, and is reviewed as one.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { HeedError } from "../src/core/errors.ts";

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

describe("whatever is handed in, what is refused is refused in words, by a HeedError", () => {
  const nonsense: readonly (readonly unknown[])[] = [
    [],
    [null, null, null],
    [3, 3, 3],
    ["x", "x", "x"],
    [{}, {}, {}],
    [[], [], []],
  ];
  test.each(["nn/index", "attention/index"] as const)("%s", async (entry) => {
    const exported = (await import(
      /* @vite-ignore */ fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url))
    )) as Readonly<Record<string, unknown>>;
    const functions = Object.entries(exported).filter(
      (e): e is [string, (...args: readonly unknown[]) => unknown] => typeof e[1] === "function",
    );
    expect(functions.length).toBeGreaterThan(20);
    const raw: string[] = [];
    let refused = 0;
    for (const [name, fn] of functions)
      for (const args of nonsense)
        try {
          await fn(...args);
        } catch (error) {
          if (error instanceof HeedError) refused++;
          else raw.push(`${name}(${JSON.stringify(args)}): ${String(error)}`);
        }
    expect(raw).toEqual([]);
    expect(refused).toBeGreaterThan(functions.length);
  });
});
