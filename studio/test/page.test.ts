import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, suite, test } from "vitest";
import { serveFixture, type Fixture } from "./fixture.ts";
import * as at from "./page.ts";

const executablePath = process.env.HEED_BROWSER ?? "";
const quiet = [
  "--no-sandbox",
  "--headless=new",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

suite.skipIf(executablePath === "")("the Pronounce page", () => {
  let fixture: Fixture;
  let browser: Browser;

  beforeAll(async () => {
    fixture = await serveFixture();
    browser = await chromium.launch({ executablePath, args: quiet });
  });
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });

  const visiting = async (
    options: Parameters<typeof at.visit>[2],
    act: (visit: at.Visit) => Promise<void>,
  ): Promise<void> => {
    const visit = await at.visit(browser, fixture.url, options);
    try {
      await act(visit);
      expect(visit.complaints).toEqual([]);
    } finally {
      await visit.close();
    }
  };

  test("phonemes appear while typing, and nothing moves", () =>
    visiting({}, async ({ page }) => {
      await at.readPhonemes(page, "phoebe");
      const before = await page.locator(".stage").boundingBox();
      expect(await at.typeWord(page, "knight")).toEqual(["N", "AY", "T"]);
      expect(await page.locator(".stage").boundingBox()).toEqual(before);
      await expect.poll(() => new URL(page.url()).hash).toBe("#word=knight");
      await expect.poll(() => page.getByRole("status").textContent()).toBe("knight: N AY T");
    }));

  test("the newest word wins over a slow older one", () =>
    visiting({}, async ({ page }) => {
      await at.readPhonemes(page, "phoebe");
      await page.fill("#word", "slow");
      await page.waitForTimeout(150);
      await page.fill("#word", "phoebe");
      await page.waitForTimeout(800);
      expect(await at.readPhonemes(page, "phoebe")).toEqual(["F", "IY", "B", "IY"]);
    }));

  test("pointing at a phoneme shows its weights to four decimals; a click holds them; Escape frees them", () =>
    visiting({}, async ({ page }) => {
      await at.readPhonemes(page, "phoebe");
      await at.symbols(page, "Phonemes").nth(1).hover();
      await expect.poll(() => page.locator("#weights-title").textContent()).toContain("IY reads");
      const weights = await at.shownWeights(page);
      expect(weights.length).toBe(6);
      expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 3);
      await at.symbols(page, "Phonemes").nth(1).click();
      await at.symbols(page, "Letters").nth(0).hover();
      expect(await page.locator("#weights-title").textContent()).toContain("locked");
      await page.keyboard.press("Escape");
      await page.mouse.move(0, 0);
      await expect.poll(() => page.locator("#weights-title").textContent()).toBe("Weights ");
    }));

  test("pointing at a letter shows who read it, and at a ribbon its one weight", () =>
    visiting({}, async ({ page }) => {
      await at.readPhonemes(page, "phoebe");
      await at.symbols(page, "Letters").nth(0).hover();
      await expect.poll(() => page.locator("#weights-title").textContent()).toContain("p is read by");
      const letter = (await at.symbols(page, "Letters").nth(5).boundingBox())!;
      await page.mouse.move(letter.x + letter.width / 2, letter.y + letter.height + 6);
      await expect.poll(() => page.locator("#weights-title").textContent()).toContain("IY reads e");
      expect((await at.shownWeights(page)).length).toBe(1);
    }));

  test("the keyboard reaches every symbol from one tab stop", () =>
    visiting({}, async ({ page }) => {
      await at.readPhonemes(page, "phoebe");
      await at.symbols(page, "Letters").nth(0).focus();
      const focused = (): Promise<string | null> =>
        page.evaluate(() => document.activeElement!.getAttribute("aria-label"));
      await page.keyboard.press("End");
      expect(await focused()).toMatch(/^Letter e, 6 of 6\. e is read by IY 0\.\d\d/);
      await page.keyboard.press("ArrowLeft");
      expect(await focused()).toMatch(/^Letter b, 5 of 6/);
      await page.keyboard.press("ArrowDown");
      expect(await focused()).toMatch(/^Phoneme B, as in be, 3 of 4/);
      await page.keyboard.press("Enter");
      expect(await page.locator("#weights-title").textContent()).toContain("locked");
      await page.keyboard.press("ArrowUp");
      expect(await focused()).toMatch(/^Letter/);
      expect(await page.locator('[role=toolbar] [tabindex="0"]').count()).toBe(2);
      await page.keyboard.press("?");
      await expect.poll(() => page.getByRole("dialog").isVisible()).toBe(true);
      await page.keyboard.press("Escape");
      await expect.poll(() => page.getByRole("dialog").isVisible()).toBe(false);
    }));

  test("another reading of the beam has its own alignment", () =>
    visiting({}, async ({ page }) => {
      await at.readPhonemes(page, "phoebe");
      const readings = page.locator("section[aria-labelledby=readings-title] button");
      expect(await readings.count()).toBe(5);
      expect(await readings.first().textContent()).toMatch(/83 %/);
      await readings.nth(1).click();
      const wanted = (await readings.nth(1).locator(".sounds").textContent())!.split(" ");
      expect(await page.locator(".phonemes span").allTextContents()).toEqual(wanted);
      const names = await at
        .symbols(page, "Phonemes")
        .evaluateAll((list) => list.map((one) => one.getAttribute("aria-label")!));
      expect(names.map((name) => /^Phoneme (\S+?),/.exec(name)![1])).toEqual(wanted);
    }));

  test("a link brings back word, view and lock", () =>
    visiting({ hash: "#word=knight&view=matrix&reading=2&mark=row:1" }, async ({ page }) => {
      await at.readPhonemes(page, "knight");
      expect(await page.getByRole("radio", { name: "Matrix" }).isChecked()).toBe(true);
      expect(await page.locator("#weights-title").textContent()).toContain("locked");
      await page.getByRole("button", { name: "Copy link" }).click();
      await expect
        .poll(() => page.evaluate(() => navigator.clipboard.readText()))
        .toBe(`${fixture.url}#word=knight&view=matrix&reading=2&mark=row%3A1`);
    }));

  test("saves what is on screen as SVG and as PNG at its scale", () =>
    visiting({ hash: "#word=phoebe&mark=row:0" }, async ({ page }) => {
      await at.readPhonemes(page, "phoebe");
      const vector = await at.saveFile(page, "Save SVG");
      expect(vector.name).toBe("phoebe-lines.svg");
      const written = vector.bytes.toString("utf8");
      expect(written).toContain('role="img"');
      const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(written)!;
      await page.getByLabel("PNG scale").selectOption("3");
      const { name, bytes } = await at.saveFile(page, "Save PNG");
      expect(name).toBe("phoebe-lines.png");
      expect(bytes.subarray(1, 4).toString("latin1")).toBe("PNG");
      expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([
        Math.ceil(Number(width) * 3),
        Math.ceil(Number(height) * 3),
      ]);
    }));

  for (const [typed, part] of [
    ["", "Type a word."],
    ["h3llo", "“3” is not in the alphabet."],
    ["na\u00efve", "“\u00ef” is not in the alphabet."],
    ["\u{1f600}", "“\u{1f600}” is not in the alphabet."],
    ["two words", "One word at a time"],
    ["a".repeat(65), "the longest word has 64"],
  ] as const)
    test(`says why it does not read ${JSON.stringify(typed.slice(0, 12))}, and names the alphabet`, () =>
      visiting({}, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        await page.fill("#word", typed);
        const problem = page.locator("#word-problem");
        await expect.poll(() => problem.textContent()).toContain(part);
        expect(await problem.textContent()).toContain("The model reads a to z, apostrophe and hyphen.");
        expect(await at.symbols(page, "Letters").count()).toBe(0);
        expect(await at.typeWord(page, "knight")).toEqual(["N", "AY", "T"]);
      }));

  test("a model that does not load says why and can be tried again", () =>
    visiting({ search: "?device=webgpu" }, async ({ page }) => {
      await expect.poll(() => page.getByRole("alert").textContent()).toContain("The stand-in has no WebGPU.");
      expect(await at.accessibilityFindings(page)).toEqual([]);
      await page.getByRole("button", { name: "Try again" }).click();
      await expect.poll(() => page.getByRole("alert").textContent()).toContain("The stand-in has no WebGPU.");
    }));

  for (const colorScheme of ["light", "dark"] as const)
    test(`axe finds nothing, ${colorScheme}`, () =>
      visiting({ colorScheme, reducedMotion: "reduce" }, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(colorScheme);
        expect(await at.accessibilityFindings(page)).toEqual([]);
        await at.symbols(page, "Phonemes").nth(1).click();
        await at.chooseView(page, "Matrix");
        expect(await at.accessibilityFindings(page)).toEqual([]);
        await page.fill("#word", "123");
        expect(await at.accessibilityFindings(page)).toEqual([]);
        await page.getByRole("button", { name: "Keys and help" }).click();
        expect(await at.accessibilityFindings(page)).toEqual([]);
      }));

  test("no window is too small or too large, no word too long", async () => {
    for (const width of [360, 768, 1600])
      for (const word of ["w", "counterrevolutionaries", "a".repeat(64)])
        await visiting({ viewport: { width, height: 740 }, hash: `#word=${word}` }, async ({ page }) => {
          await at.readPhonemes(page, word);
          expect(await at.overflow(page)).toBeLessThanOrEqual(0);
          await at.chooseView(page, "Matrix");
          expect(await at.overflow(page)).toBeLessThanOrEqual(0);
        });
  });

  test("the page's script stays under 150 KB gzip", async () => {
    const folder = join(fixture.folder, "assets");
    const scripts = (await readdir(folder)).filter((name) => name.endsWith(".js"));
    const sizes = await Promise.all(scripts.map(async (name) => gzipSync(await readFile(join(folder, name))).length));
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(150_000);
  });
});
