// What ships, together: the program, the built page and the model that comes with them.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, suite, test } from "vitest";
import { buildProgram, startProgram } from "../../test/cli-program.ts";
import { browserPath, launchBrowser } from "./browser.ts";
import { patience, visiting } from "./checks.ts";
import { buildPage } from "./fixture.ts";
import * as at from "./page.ts";

const model = fileURLToPath(new URL("../../models/pronounce", import.meta.url));

suite.skipIf(browserPath === undefined)("heed studio, with the model that ships", { timeout: 120_000 }, () => {
  let program: ChildProcess;
  let folder: string;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    const [main, page] = await Promise.all([buildProgram(), buildPage()]);
    folder = page;
    program = startProgram(main, ["studio", "--port", "0", "--json", "--page", folder, "--model", model]);
    const [line] = (await once(program.stdout!, "data")) as [Buffer];
    ({ url } = JSON.parse(line.toString()) as { readonly url: string });
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    program?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  test("reads the word that is typed", () =>
    visiting(browser, url, { hash: "" }, async ({ page }) => {
      expect(await at.readPhonemes(page, "attention")).toEqual(["AH", "T", "EH", "N", "SH", "AH", "N"]);
      // Without a link there is one thing to do: the example is selected, so that typing replaces it.
      await page.keyboard.type("knight");
      expect(await at.readPhonemes(page, "knight")).toEqual(["N", "AY", "T"]);
      await page.fill("#word", "stra\u00dfe");
      expect((await at.readPhonemes(page, "strasse")).length).toBeGreaterThan(0);
      await page.fill("#word", "new york");
      await expect
        .poll(() => page.locator("#word-problem").textContent(), patience)
        .toBe(
          "“new york” is more than one word: type one at a time, without spaces. The model reads a to z and apostrophe.",
        );
    }));

  test("says why the device that was asked for could not be used, and computes on another", () =>
    visiting(browser, url, { search: "?device=webgpu", hash: "#word=knight" }, async ({ page }) => {
      // Asking for an adapter starts a process of the browser's own.
      await page.getByText("webgpu could not be used: ").waitFor({ timeout: 90_000 });
      expect(await page.locator("footer").textContent()).toMatch(/wasm, in this page.*could not be used: \S+/);
      expect(await at.readPhonemes(page, "knight")).toEqual(["N", "AY", "T"]);
    }));
});
