import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, suite, test } from "vitest";
import { browserPath, launchBrowser } from "./browser.ts";
import { checks, patience, visiting } from "./checks.ts";
import { serveFixture, type Fixture } from "./fixture.ts";
import * as at from "./page.ts";

suite.skipIf(browserPath === undefined)(
  "the Pronounce page, with a stand-in for the model",
  { timeout: 120_000 },
  () => {
    let fixture: Fixture;
    let browser: Browser;

    beforeAll(async () => {
      fixture = await serveFixture();
      browser = await launchBrowser();
    });
    afterAll(async () => {
      await browser?.close();
      await fixture?.close();
    });

    for (const { name, run } of checks)
      test(`${name}`, async () => {
        await expect(run(browser, fixture.url)).resolves.toBeUndefined();
      });

    test("the newest word wins over a slow older one", () =>
      visiting(browser, fixture.url, {}, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        await page.fill("#word", "slow");
        await page.waitForTimeout(150);
        await page.fill("#word", "phoebe");
        await page.waitForTimeout(800);
        expect(await at.readPhonemes(page, "phoebe")).toEqual(["F", "IY", "B", "IY"]);
      }));

    test("a ribbon under the pointer is one weight", () =>
      visiting(browser, fixture.url, {}, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        const letter = (await at.symbols(page, "Letters").nth(5).boundingBox())!;
        await page.mouse.move(letter.x + letter.width / 2, letter.y + letter.height + 6);
        await expect.poll(() => page.locator("#weights-title").textContent(), patience).toBe("IY reads E");
      }));

    test("a word that the model refuses shows the model's own sentence", () =>
      visiting(browser, fixture.url, { hash: "#word=refuse" }, async ({ page }) => {
        await expect
          .poll(() => page.locator("#word-problem").textContent(), patience)
          .toContain("is refused by the stand-in");
      }));

    test("a pronunciation that was cut short says so", () =>
      visiting(browser, fixture.url, { hash: "#word=endless" }, async ({ page }) => {
        await at.readPhonemes(page, "endless");
        expect(await page.locator(".spoken").textContent()).toContain("(stopped at the longest length allowed)");
        await at.typeWord(page, "phoebe");
        expect(await page.locator(".spoken").textContent()).not.toContain("stopped");
      }));

    test("a model that does not load says why and can be tried again", () =>
      visiting(browser, fixture.url, { search: "?device=webgpu" }, async ({ page }) => {
        await expect
          .poll(() => page.getByRole("alert").textContent(), patience)
          .toContain("The stand-in has no WebGPU.");
        expect(await at.accessibilityFindings(page)).toEqual([]);
        const details = await page.getByRole("complementary", { name: "Details" }).textContent();
        expect(details).not.toMatch(/Point at a phoneme|beam search/);
        await page.getByRole("button", { name: "Try again" }).click();
        await expect
          .poll(() => page.getByRole("alert").textContent(), patience)
          .toContain("The stand-in has no WebGPU.");
      }));

    test("a large figure is painted instead of made of thousands of elements, and answers the pointer alike", () =>
      visiting(browser, fixture.url, { hash: `#word=${"a".repeat(64)}&view=matrix` }, async ({ page }) => {
        await at.readPhonemes(page, "a".repeat(64));
        await expect.poll(() => page.locator(".figure canvas").count(), patience).toBe(1);
        expect(await page.locator(".figure svg").count()).toBe(0);
        const letter = (await at.symbols(page, "Letters").nth(4).boundingBox())!;
        const phoneme = (await at.symbols(page, "Phonemes").nth(4).boundingBox())!;
        await page.mouse.move(letter.x + 13, phoneme.y + 13);
        await expect.poll(() => page.locator("#weights-title").textContent(), patience).toBe("AE reads A");
        await page.fill("#word", "knight");
        await at.readPhonemes(page, "knight");
        expect(await page.locator(".figure canvas").count()).toBe(0);
      }));

    test("the page's script stays under 150 KB gzip", async () => {
      const folder = join(fixture.folder, "assets");
      const scripts = (await readdir(folder)).filter((name) => name.endsWith(".js"));
      const sizes = await Promise.all(scripts.map(async (name) => gzipSync(await readFile(join(folder, name))).length));
      expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(150_000);
    });
  },
);
