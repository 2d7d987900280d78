import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, suite, test } from "vitest";
import { checks, visiting } from "./checks.ts";
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

suite.skipIf(executablePath === "")("the Pronounce page, with a stand-in for the model", () => {
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
      await expect.poll(() => page.locator("#weights-title").textContent()).toBe("IY reads e");
    }));

  test("a word that the model refuses shows the model's own sentence", () =>
    visiting(browser, fixture.url, { hash: "#word=refuse" }, async ({ page }) => {
      await expect.poll(() => page.locator("#word-problem").textContent()).toContain("is refused by the stand-in");
    }));

  test("a model that does not load says why and can be tried again", () =>
    visiting(browser, fixture.url, { search: "?device=webgpu" }, async ({ page }) => {
      await expect.poll(() => page.getByRole("alert").textContent()).toContain("The stand-in has no WebGPU.");
      expect(await at.accessibilityFindings(page)).toEqual([]);
      await page.getByRole("button", { name: "Try again" }).click();
      await expect.poll(() => page.getByRole("alert").textContent()).toContain("The stand-in has no WebGPU.");
    }));

  test("pointing stays quick on the largest matrix", () =>
    visiting(browser, fixture.url, { hash: `#word=${"a".repeat(64)}&view=matrix` }, async ({ page }) => {
      await at.readPhonemes(page, "a".repeat(64));
      const median = await page.evaluate(async () => {
        const figure = document.querySelector(".figure")!;
        const { left, top } = figure.getBoundingClientRect();
        const times: number[] = [];
        for (let k = 0; k < 15; k++) {
          const start = performance.now();
          const at = { clientX: left + 80 + 27 * k, clientY: top + 60 + 27 * k };
          figure.dispatchEvent(new PointerEvent("pointermove", { ...at, bubbles: true, pointerType: "mouse" }));
          await new Promise((resolve) => setTimeout(resolve, 0));
          times.push(performance.now() - start);
        }
        return times.sort((a, b) => a - b)[7]!;
      });
      // 16 ms is the aim on a free machine; a loaded one gets room.
      console.log(`pointing at a cell of 64 x 64 takes ${median.toFixed(1)} ms`);
      expect(median).toBeLessThan(120);
    }));

  test("the page's script stays under 150 KB gzip", async () => {
    const folder = join(fixture.folder, "assets");
    const scripts = (await readdir(folder)).filter((name) => name.endsWith(".js"));
    const sizes = await Promise.all(scripts.map(async (name) => gzipSync(await readFile(join(folder, name))).length));
    console.log(`the page's script is ${(sizes.reduce((a, b) => a + b, 0) / 1000).toFixed(1)} KB gzip`);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeLessThan(150_000);
  });
});
