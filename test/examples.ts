// The examples of the guides: taken out of Markdown, run, and what they print.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { format } from "node:util";
import { vi } from "vitest";

/** The TypeScript blocks of a Markdown text. */
export function examplesOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);
}

/** What an example says that it prints: the comments at the ends of its lines with `console.log`. */
export function promisedBy(code: string): readonly string[] {
  return [...code.matchAll(/console\.log\(.*\);\s*\/\/ (.*)$/gm)].map((match) => match[1]!.trim());
}

/** What running an example showed. */
export interface ExampleRun {
  /** The lines that it printed. */
  readonly printed: readonly string[];
  /** The names that it imports and that no module exports. */
  readonly missing: readonly string[];
}

/**
 * Runs an example as a module of its own.
 *
 * @param path - the file that is written for it, absolute, below a folder that the caller removes.
 */
export async function runExample(path: string, code: string): Promise<ExampleRun> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, `${code}\nexport const imported = { ${importsOf(code).join(", ")} };\n`);
  const printed: string[] = [];
  const log = vi
    .spyOn(console, "log")
    .mockImplementation((...values: unknown[]) => void printed.push(format(...values)));
  try {
    const { imported } = (await import(/* @vite-ignore */ path)) as { readonly imported: object };
    return {
      printed,
      missing: Object.entries(imported).flatMap(([name, value]) => (value === undefined ? [name] : [])),
    };
  } finally {
    log.mockRestore();
  }
}

/** The names, as it uses them, of the values that an example imports. */
function importsOf(code: string): readonly string[] {
  return [...code.matchAll(/^import \{([^}]*)\} from /gm)]
    .flatMap(([, names]) => names!.split(",").map((name) => name.trim()))
    .filter((name) => name !== "" && !name.startsWith("type "))
    .map((name) => name.replace(/^.* as /, ""));
}
