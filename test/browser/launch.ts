// A headless Chromium for tests, with WebGPU on the processor (SwiftShader) so that no graphics card is needed.

import { beforeEach } from "vitest";
import { chromium, type Browser } from "playwright-core";

/** Engine notes, 6.4: with these an adapter exists on a machine without a graphics card. */
const webgpuFlags = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
];

/** A browser under test talks to the page's server and to nobody else. */
const quietFlags = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--no-default-browser-check",
];

/** The browser that vitest.config.ts found, or `undefined`. */
export function browserPath(): string | undefined {
  return process.env["HEED_BROWSER"] || undefined;
}

/** Called once in a test file or suite: skips its tests, with the reason in the report, where there is no browser. */
export function needsBrowser(): void {
  beforeEach(({ skip }) => {
    skip(browserPath() === undefined, "no Chromium: install one, or set HEED_BROWSER to its path");
  });
}

/** A browser with a new, empty profile, which is deleted when it closes. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = browserPath();
  if (executablePath === undefined)
    throw new Error("launchBrowser: a browser is required; call needsBrowser() in the file");
  return chromium.launch({ executablePath, headless: true, args: [...webgpuFlags, ...quietFlags] });
}
