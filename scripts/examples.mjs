// The examples of the guides, checked as a newcomer's compiler checks them: against the types of the built package.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root, runTool } from "./process.mjs";

const folders = [".", "docs", "docs/attention"];

const options = {
  target: "es2023",
  lib: ["es2023", "dom", "esnext.disposable"],
  module: "nodenext",
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
};

/** @returns {Promise<string>} what the compiler finds wrong with the examples; empty when nothing is. */
export async function exampleFindings() {
  const folder = join(root, ".heed", `examples-${process.pid}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
    for (const place of folders)
      for (const name of (await readdir(join(root, place))).filter((entry) => entry.endsWith(".md"))) {
        const text = await readFile(join(root, place, name), "utf8");
        for (const [i, match] of [...text.matchAll(/```ts\n([\s\S]*?)```/g)].entries())
          await writeFile(
            join(folder, `${[place, name, i].join("-").replaceAll(/[^\w-]+/g, "-")}.ts`),
            `${match[1]}\nexport {};\n`,
          );
      }
    const { code, output } = await runTool("typescript/tsc", ["-p", folder], { quiet: true });
    return code === 0 ? "" : output || `tsc ended with code ${code}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
