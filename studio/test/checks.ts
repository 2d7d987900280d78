// The checks of the Pronounce page that hold for any model, against any address that serves it.

import type { Browser } from "playwright-core";
import { themes } from "heed/draw";
import { expect } from "vitest";
import * as at from "./page.ts";

export interface Check {
  readonly name: string;
  run(browser: Browser, url: string): Promise<void>;
}

/** Opens the page, acts, and expects that it complained of nothing. */
export async function visiting(
  browser: Browser,
  url: string,
  options: Parameters<typeof at.visit>[2],
  act: (visit: at.Visit) => Promise<void>,
): Promise<void> {
  const visit = await at.visit(browser, url, options);
  try {
    await act(visit);
    expect(visit.complaints).toEqual([]);
  } finally {
    await visit.close();
  }
}

/** How long a value may take to become right: a machine that is busy with other work gets a while. */
export const patience = { timeout: 20_000 };

const arpabet = /^[A-Z]{1,2}[012]?$/;

/** Words that are not read, and a part of the sentence that says why. */
const strangers: readonly (readonly [string, string])[] = [
  ["", "Type a word."],
  ["h3llo", "“3” is not in the alphabet."],
  ["\u043c\u0438\u0440", "“\u043c” is not in the alphabet."],
  ["\u{1f600}", "“\u{1f600}” is not in the alphabet."],
  ["two words", "one at a time, without spaces"],
  ["'", "has no letter."],
  ["a".repeat(65), "the longest word has 64"],
];

export const checks: readonly Check[] = [
  {
    name: "phonemes appear while typing, and nothing moves",
    run: (browser, url) =>
      visiting(browser, url, {}, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        const before = await page.locator(".stage").boundingBox();
        const phonemes = await at.typeWord(page, "knight");
        expect(phonemes.length).toBeGreaterThan(0);
        for (const phoneme of phonemes) expect(phoneme).toMatch(arpabet);
        expect(await page.locator(".stage").boundingBox()).toEqual(before);
        await expect.poll(() => new URL(page.url()).hash, patience).toBe("#word=knight");
        await expect
          .poll(() => page.locator("[aria-live]").textContent(), patience)
          .toBe(`knight: ${phonemes.join(" ")}`);
      }),
  },
  {
    name: "pointing at a phoneme shows its weights to four decimals; a click holds them; Escape frees them",
    run: (browser, url) =>
      visiting(browser, url, {}, async ({ page }) => {
        const [first] = await at.readPhonemes(page, "phoebe");
        const title = page.locator("#weights-title");
        await at.symbols(page, "Phonemes").nth(0).hover();
        await expect.poll(() => title.textContent(), patience).toBe(`${first} reads`);
        const weights = await at.shownWeights(page);
        expect(weights.length).toBe(6);
        expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 2);
        await at.symbols(page, "Phonemes").nth(0).click();
        await at.symbols(page, "Letters").nth(0).hover();
        expect(await title.textContent()).toBe(`${first} reads`);
        expect(await at.isLocked(page)).toBe(true);
        await page.keyboard.press("Escape");
        await page.mouse.move(0, 0);
        await expect.poll(() => title.textContent(), patience).toBe("Weights");
      }),
  },
  {
    name: "with the help open, Escape closes the help and nothing else",
    run: (browser, url) =>
      visiting(browser, url, { hash: "#word=phoebe&mark=row:0" }, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        await page.getByRole("button", { name: "Keys and help" }).click();
        await expect.poll(() => page.getByRole("dialog").isVisible(), patience).toBe(true);
        await page.keyboard.press("Escape");
        await expect.poll(() => page.getByRole("dialog").isVisible(), patience).toBe(false);
        expect(await at.isLocked(page)).toBe(true);
      }),
  },
  {
    name: "on a small laptop both rows of symbols are in sight",
    run: (browser, url) =>
      visiting(browser, url, { viewport: { width: 1366, height: 650 } }, async ({ page }) => {
        for (const word of ["phoebe", "counterrevolutionaries"]) {
          await page.fill("#word", word);
          await at.readPhonemes(page, word);
          for (const which of ["Letters", "Phonemes"] as const) {
            const { y, height } = (await at.symbols(page, which).last().boundingBox())!;
            expect(y + height).toBeLessThan(650);
          }
        }
      }),
  },
  {
    name: "an address without a word selects the field, one with a word leaves it alone",
    run: async (browser, url) => {
      const focused = async ({ page }: at.Visit): Promise<string | undefined> => {
        await page.locator(".phonemes").waitFor();
        return page.evaluate(() => (document.activeElement === document.body ? "" : document.activeElement!.id));
      };
      await visiting(browser, url, { hash: "" }, async (visit) => {
        expect(await focused(visit)).toBe("word");
        expect(await visit.page.evaluate(() => getSelection()!.toString())).toBe("attention");
      });
      await visiting(browser, url, {}, async (visit) => expect(await focused(visit)).toBe(""));
    },
  },
  {
    name: "pointing at a letter shows who read it, and at a cell its one weight",
    run: (browser, url) =>
      visiting(browser, url, {}, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        await at.symbols(page, "Letters").nth(0).hover();
        await expect.poll(() => page.locator("#weights-title").textContent(), patience).toMatch(/^p is read by$/i);
        await at.chooseView(page, "Matrix");
        const letter = (await at.symbols(page, "Letters").nth(1).boundingBox())!;
        const phoneme = (await at.symbols(page, "Phonemes").nth(0).boundingBox())!;
        await page.mouse.move(letter.x + letter.width / 2, phoneme.y + phoneme.height / 2);
        await expect.poll(() => page.locator("#weights-title").textContent(), patience).toMatch(/^\S+ reads h$/i);
        expect((await at.shownWeights(page)).length).toBe(1);
      }),
  },
  {
    name: "the keyboard reaches every symbol from one tab stop",
    run: (browser, url) =>
      visiting(browser, url, {}, async ({ page }) => {
        const phonemes = await at.readPhonemes(page, "phoebe");
        const focused = (): Promise<string | null> =>
          page.evaluate(() => document.activeElement!.getAttribute("aria-label"));
        await at.symbols(page, "Letters").nth(0).focus();
        await page.keyboard.press("End");
        expect(await focused()).toMatch(/^Letter e, 6 of 6\. e is read by \S+ \d\.\d\d/i);
        await page.keyboard.press("ArrowLeft");
        expect(await focused()).toMatch(/^Letter b, 5 of 6/i);
        await page.keyboard.press("ArrowDown");
        expect(await focused()).toMatch(new RegExp(`^Phoneme .* of ${phonemes.length}\\.`));
        await page.keyboard.press("Home");
        expect(await focused()).toMatch(new RegExp(`^Phoneme ${phonemes[0]}\\b.*, 1 of ${phonemes.length}\\.`));
        await page.keyboard.press("Enter");
        await expect.poll(() => at.isLocked(page), patience).toBe(true);
        await page.keyboard.press("ArrowUp");
        expect(await focused()).toMatch(/^Letter p, 1 of 6/i);
        expect(await page.locator('[role=toolbar] [tabindex="0"]').count()).toBe(3);
        await page.getByRole("toolbar", { name: "Pronunciation" }).getByRole("button").nth(0).focus();
        await page.keyboard.press("End");
        expect(await focused()).toMatch(new RegExp(`^Phoneme .*, ${phonemes.length} of ${phonemes.length}\\.`));
        await page.keyboard.press("?");
        await expect.poll(() => page.getByRole("dialog").isVisible(), patience).toBe(true);
        await page.keyboard.press("Escape");
        await expect.poll(() => page.getByRole("dialog").isVisible(), patience).toBe(false);
      }),
  },
  {
    name: "every reading of the beam has its own alignment",
    run: (browser, url) =>
      visiting(browser, url, {}, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        const readings = page.locator("section[aria-labelledby=readings-title] button");
        for (let i = 0; i < (await readings.count()); i++) {
          expect(await readings.nth(i).textContent()).toMatch(/\d %$/);
          await readings.nth(i).click();
          const wanted = (await readings.nth(i).locator(".sounds").textContent())!.split(" ");
          expect(await page.locator(".phonemes button").allInnerTexts()).toEqual(wanted);
          expect(await at.symbols(page, "Phonemes").count()).toBe(wanted.length);
        }
      }),
  },
  {
    name: "a link brings back word, view and lock",
    run: (browser, url) =>
      visiting(browser, url, { hash: "#word=knight&view=matrix&mark=row:1" }, async ({ page }) => {
        await at.readPhonemes(page, "knight");
        expect(await page.getByRole("radio", { name: "Matrix" }).isChecked()).toBe(true);
        await expect.poll(() => at.isLocked(page), patience).toBe(true);
        await page.getByRole("button", { name: "Copy link" }).click();
        await expect
          .poll(() => page.evaluate(() => navigator.clipboard.readText()), patience)
          .toContain("#word=knight&view=matrix&mark=row%3A1");
      }),
  },
  {
    name: "what is on screen is saved as SVG, and as PNG at its scale",
    run: (browser, url) =>
      visiting(browser, url, { hash: "#word=phoebe&mark=row:0" }, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        const vector = await at.saveFile(page, "Save SVG");
        expect(vector.name).toBe("phoebe-lines.svg");
        const written = vector.bytes.toString("utf8");
        expect(written).toContain('role="img"');
        expect(written).toContain(">phoebe</text>");
        expect(written).toContain(themes.light.background);
        await page.getByLabel("Colours of a saved figure").selectOption("dark");
        const dark = (await at.saveFile(page, "Save SVG")).bytes.toString("utf8");
        expect(dark).toContain(`fill="${themes.dark.background}"`);
        const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(written)!;
        await page.getByLabel("PNG scale").selectOption("3");
        const { name, bytes } = await at.saveFile(page, "Save PNG");
        expect(name).toBe("phoebe-lines.png");
        expect(bytes.subarray(1, 4).toString("latin1")).toBe("PNG");
        const size = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
        expect(size).toEqual([Math.ceil(Number(width) * 3), Math.ceil(Number(height) * 3)]);
      }),
  },
  {
    name: "a word that is not read is refused in a sentence that names the alphabet",
    run: (browser, url) =>
      visiting(browser, url, {}, async ({ page }) => {
        await at.readPhonemes(page, "phoebe");
        const problem = page.locator("#word-problem");
        for (const [typed, part] of strangers) {
          await page.fill("#word", typed);
          await expect.poll(() => problem.textContent(), patience).toContain(part);
          expect(await problem.textContent()).toMatch(/The model reads a to z/i);
          expect(await at.symbols(page, "Letters").count()).toBe(0);
        }
        await at.typeWord(page, "knight");
        expect(await problem.textContent()).toBe("");
      }),
  },
  axeFindsNothing("light"),
  axeFindsNothing("dark"),
  fitsWindow(360),
  fitsWindow(768),
  fitsWindow(1600),
];

function axeFindsNothing(colorScheme: "light" | "dark"): Check {
  const look = async ({ page }: at.Visit): Promise<void> => {
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
  };
  return {
    name: `axe finds nothing, ${colorScheme}`,
    run: (browser, url) => visiting(browser, url, { colorScheme, reducedMotion: "reduce" }, look),
  };
}

function fitsWindow(width: number): Check {
  const look = async ({ page }: at.Visit): Promise<void> => {
    for (const word of ["w", "counterrevolutionaries", "a".repeat(64)]) {
      await page.fill("#word", word);
      await at.readPhonemes(page, word);
      for (const view of ["Lines", "Matrix"] as const) {
        await at.chooseView(page, view);
        expect(await at.overflow(page)).toBeLessThanOrEqual(0);
      }
    }
  };
  return {
    name: `any word fits a window of ${width} pixels`,
    run: (browser, url) => visiting(browser, url, { viewport: { width, height: 740 } }, look),
  };
}
