// What a person does with the Pronounce page, as checks that run against any address that serves it.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

/** An open page and what it complained of. */
export interface Visit {
  readonly page: Page;
  /** Console errors, page errors and failed requests; a healthy visit has none. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** Opens the page and waits until it has read its first word; `hash` starts with `#`; by default it names phoebe, whom the stand-in reads right. */
export async function visit(
  browser: Browser,
  url: string,
  {
    hash = "#word=phoebe",
    search = "",
    ...context
  }: BrowserContextOptions & { readonly hash?: string; readonly search?: string } = {},
): Promise<Visit> {
  const opened = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    ...context,
  });
  const page = await opened.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
  page.on("pageerror", (error) => void complaints.push(error.message));
  page.on("requestfailed", (request) => void complaints.push(`${request.url()} failed`));
  await page.goto(`${url}${search}${hash}`);
  return { page, complaints, close: () => opened.close() };
}

/** Types a word as a person does and waits for its phonemes. */
export async function typeWord(page: Page, word: string): Promise<readonly string[]> {
  await page.fill("#word", "");
  await page.locator("#word").pressSequentially(word, { delay: 15 });
  return readPhonemes(page, word);
}

/** The phonemes on screen, once they belong to `word`. */
export async function readPhonemes(page: Page, word: string): Promise<readonly string[]> {
  // A model that is loaded first takes its time where other work goes on.
  await page.getByText(`for “${word}”`).waitFor({ timeout: 90_000 });
  return page.locator(".phonemes button").allInnerTexts();
}

/** Switches between the views as a pointer does. */
export async function chooseView(page: Page, view: "Lines" | "Matrix"): Promise<void> {
  await page.locator("fieldset label", { hasText: view }).click();
}

/** Letters or phonemes as a screen reader lists them. */
export function symbols(page: Page, which: "Letters" | "Phonemes"): ReturnType<Page["locator"]> {
  return page.getByRole("toolbar", { name: which }).getByRole("button");
}

/** The exact weights that the details show, as numbers. */
export async function shownWeights(page: Page): Promise<readonly number[]> {
  const texts = await page.locator("section[aria-labelledby=weights-title] li > span:last-child").allTextContents();
  return texts.map(Number);
}

/** Whether a letter or a phoneme is held by a click. */
export async function isLocked(page: Page): Promise<boolean> {
  return page.getByRole("button", { name: "Unlock" }).isVisible();
}

/** Clicks a button that saves a file; its name and its bytes. */
export async function saveFile(page: Page, button: string): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** What axe-core finds, one line a rule; empty on an accessible page. */
export async function accessibilityFindings(page: Page): Promise<readonly string[]> {
  // axe is handed over as a string: the page's policy refuses a script element, and should.
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(source);
  return page.evaluate(async () => {
    interface Finding {
      readonly id: string;
      readonly nodes: readonly { readonly html: string }[];
    }
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: readonly Finding[] }> } };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
  });
}

/** Pixels by which the page is wider than its window. */
export async function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}
