import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

test("imports core and this folder only; node.ts alone knows Node", async () => {
  const folder = import.meta.dirname;
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const offences: string[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, name), "utf8");
    const allowed = name === "node.ts" ? /^(node:|\.\.\/core\/|\.\/)/ : /^(\.\.\/core\/|\.\/(?!node\.ts))/;
    for (const [, path] of text.matchAll(/\bfrom "([^"]+)"/g))
      if (!allowed.test(path!)) offences.push(`${name} imports ${path}`);
    if (name !== "node.ts" && /\b(Buffer|process)\./.test(text)) offences.push(`${name} uses a global of Node`);
  }
  expect(names).toContain("safetensors.ts");
  expect(offences).toEqual([]);
});
