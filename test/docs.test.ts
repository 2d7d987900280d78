// The guide to attention: its examples run, its figures are what the library computes, and nothing public is missing from it.

import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import * as attention from "../src/attention/index.ts";
import { drawFigure, figureNames } from "../tools/figures/index.ts";
import { expectClose } from "./close.ts";
import { examplesOf, promisedBy, runExample } from "./examples.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".heed", `docs-${process.pid}`);
afterAll(() => rm(folder, { recursive: true, force: true }));

const guide = "docs/attention.md";
const pages = (await readdir(join(root, "docs", "attention"))).filter((name) => name.endsWith(".md"));
const texts = new Map<string, string>();
for (const file of [guide, "docs/comparison.md", ...pages.map((name) => `docs/attention/${name}`)])
  texts.set(file, await readFile(join(root, file), "utf8"));

describe.each(pages.map((name) => [name, texts.get(`docs/attention/${name}`)!] as const))("%s", (name, text) => {
  test.each(examplesOf(text).map((code, i) => [i, code] as const))(
    "example %i prints what it says",
    async (i, code) => {
      const promised = promisedBy(code);
      expect(promised.length).toBeGreaterThan(0);
      const { printed, missing } = await runExample(join(folder, `${basename(name, ".md")}-${i}.ts`), code);
      expect(missing).toEqual([]);
      expect(printed).toEqual(promised);
    },
  );

  test("has an example, and says source, cost and when not to use it", () => {
    expect(examplesOf(text).length).toBeGreaterThan(0);
    expect(text).toContain("Axes:");
    expect(text).toContain("```math");
    expect(text).toMatch(name === "measures.md" ? /\| source \|/ : /^## Source$/m);
    expect(text).toMatch(/^## Cost$/m);
    expect(text).toMatch(/^## When not to use it$/m);
  });
});

describe("the guide", () => {
  test("leads to every page", () => {
    const linked = [...texts.get(guide)!.matchAll(/\]\(attention\/([\w-]+\.md)\)/g)].map(([, page]) => page);
    expect([...new Set(linked)].sort()).toEqual([...pages].sort());
  });

  test("names everything that heed/attention exports", () => {
    const all = [...texts.values()].join("\n");
    const unnamed = Object.keys(attention).filter((name) => !new RegExp(`\\b${name}\\b`).test(all));
    expect(unnamed).toEqual([]);
  });

  test.each([...texts])("%s links to files that are there, and to headings that they have", async (file, text) => {
    const targets = [...text.matchAll(/(?:\]\(|srcset="|src=")(?!https?:)([^)"]+)[)"]/g)].map(([, target]) => target!);
    const broken: string[] = [];
    for (const target of targets) {
      const [path, anchor] = target.split("#") as [string, string?];
      const there = path === "" ? join(root, file) : join(root, dirname(file), path);
      const content = await readFile(there, "utf8").catch(() => null);
      const headings = [...(content ?? "").matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slugOf(heading!));
      if (content === null || (anchor !== undefined && !headings.includes(anchor))) broken.push(target);
    }
    expect(broken).toEqual([]);
  });
});

describe("figures", () => {
  const number = /-?\d+(\.\d+)?/g;
  const channels = /#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\b/g;
  /** Colours as three numbers, so that they are compared as what they show. */
  const drawn = (drawing: string): string =>
    drawing.replaceAll(channels, (_, ...hex: string[]) => [0, 1, 2].map((i) => parseInt(hex[i]!, 16)).join(" "));
  const labels = (drawing: string): string => drawn(drawing).replaceAll(number, "#");
  const numbers = (drawing: string): readonly number[] =>
    [...drawn(drawing).matchAll(number)].map(([digits]) => Number(digits));

  test.each(figureNames)("%s is what the library computes, small, and shown on its page", async (name) => {
    for (const [file, own] of Object.entries(await drawFigure(name))) {
      const committed = await readFile(join(root, "docs/attention/figures", file), "utf8");
      expect(labels(own)).toBe(labels(committed));
      // Another processor adds up in another order: the last decimal shown, and a shade of a colour.
      expectClose(numbers(own), numbers(committed), { rtol: 0, atol: 2 });
      expectClose(decimals(own), decimals(committed), { rtol: 0, atol: 0.0101 });
      expect(committed.length).toBeLessThan(15_000);
      expect(texts.get(`docs/attention/${name}.md`)).toContain(`"figures/${file}"`);
    }
  });

  test("there are no others", async () => {
    const files = await readdir(join(root, "docs/attention/figures"));
    expect(files.sort()).toEqual(figureNames.flatMap((name) => [`${name}.svg`, `${name}-dark.svg`]).sort());
  });

  /** The weights in the cells, and the sums beside them. */
  function decimals(drawing: string): readonly number[] {
    return [...drawing.matchAll(/>(\d?\.\d\d)</g)].map(([, digits]) => Number(digits));
  }
});

/** The anchor of a heading, as GitHub makes it. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
