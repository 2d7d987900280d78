// What the README and the guides show: examples run and print what their comments say, and the figures are the commands' own.

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { grouped } from "../src/cli/grouped.ts";
import { readG2pCard } from "../src/recipes/g2p/card.ts";
import { heed } from "./cli-console.ts";
import { expectClose } from "./close.ts";
import { examplesOf, promisedBy, runExample } from "./examples.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".heed", `readme-${process.pid}`);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(["README.md", "docs/attention.md", "docs/coming-from.md", "docs/language-model.md"])(
  "%s",
  async (file) => {
    const found = examplesOf(await readFile(join(root, file), "utf8"));

    test("has an example", () => {
      expect(found.length).toBeGreaterThan(0);
    });

    test.each(found.map((code, i) => [i, code] as const))("example %i prints what it says", async (i, code) => {
      const { printed, missing } = await runExample(join(folder, `${basename(file, ".md")}-${i}.ts`), code);
      expect(missing).toEqual([]);
      expect(printed).toEqual(promisedBy(code));
    });
  },
);

describe("the models that ship", () => {
  const number = /-?\d+(\.\d+)?/g;
  test("the README has the numbers of their cards", async () => {
    const readme = await readFile(join(root, "README.md"), "utf8");
    const rows = [...readme.matchAll(/^\| \[\w+\]\((models\/\w+)\/README\.md\) \|.*$/gm)];
    const folders = await readdir(join(root, "models"));
    expect(rows.map(([, folder]) => folder)).toEqual(folders.map((name) => `models/${name}`));
    for (const [row, folder] of rows) {
      const { card } = await readG2pCard(join(root, folder!));
      const percent = (rate: number | undefined): string => (rate === undefined ? "" : `${rate.toFixed(2)} %`);
      expect(row.split(" | ").slice(2)).toEqual([
        percent(card.test?.wer),
        percent(card.test?.per),
        grouped(card.training.parameterCount),
        `${Math.round(card.training.minutes)} minutes |`,
      ]);
    }
  });

  const labels = (drawing: string): string => drawing.replaceAll(number, "#");
  const numbers = (drawing: string): readonly number[] =>
    [...drawing.matchAll(number)].map(([digits]) => Number(digits));

  test("the README's lines and figure are those of the command that it names", async () => {
    await mkdir(folder, { recursive: true });
    const readme = await readFile(join(root, "README.md"), "utf8");
    const [, command, figure, printed] = /\$ (heed pronounce .*) --figure (\S+)\n([\s\S]*?)```/.exec(readme)!;
    expect(readme).toContain(`](${figure})`);
    const drawn = join(folder, "figure.svg");
    const { code, stdout } = await heed([...command!.split(" ").slice(1), "--figure", drawn]);
    expect(code).toBe(0);
    expect(stdout).toBe(printed);
    const [own, committed] = await Promise.all([drawn, join(root, figure!)].map((path) => readFile(path, "utf8")));
    expect(labels(own!)).toBe(labels(committed!));
    // Another processor adds up in another order.
    expectClose(numbers(own!), numbers(committed!), { rtol: 0, atol: 0.01 });
  }, 120_000);
});
