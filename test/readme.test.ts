// The README's examples run, and print what their comments say.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".heed", `readme-${process.pid}`);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The TypeScript blocks of a Markdown text. */
function examples(markdown: string): readonly string[] {
  return [...markdown.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);
}

describe("README", async () => {
  const found = examples(await readFile(join(root, "README.md"), "utf8"));

  test("has an example", () => {
    expect(found.length).toBeGreaterThan(0);
  });

  test.each(found.map((code, i) => [i, code] as const))("example %i prints what it says", async (i, code) => {
    await mkdir(folder, { recursive: true });
    const path = join(folder, `example-${i}.ts`);
    await writeFile(path, code);
    const printed: string[] = [];
    const log = vi
      .spyOn(console, "log")
      .mockImplementation((...values: unknown[]) => void printed.push(format(...values)));
    try {
      await import(/* @vite-ignore */ path);
    } finally {
      log.mockRestore();
    }
    const promised = [...code.matchAll(/console\.log\(.*\);\s*\/\/ (.*)$/gm)].map((match) => match[1]!.trim());
    expect(printed).toEqual(promised);
  });
});
