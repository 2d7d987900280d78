// A headless Chromium for the page, as it is on a machine without a graphics card.

import { chromium, type Browser } from "playwright-core";

/** The browser that vitest.config.ts found, or undefined. */
export const browserPath: string | undefined = process.env["HEED_BROWSER"] || undefined;

const quiet = [
  "--no-sandbox",
  "--headless=new",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Starts the browser; there must be one. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath!, args: quiet });
}
