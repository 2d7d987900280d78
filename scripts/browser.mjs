// The Chromium that browser tests drive: one that is there, else one that this machine can install.

import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root, run, runTool, seconds } from "./process.mjs";

/** Names on the PATH. */
const programs = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/** Where installers put it. */
const places = {
  linux: ["/usr/bin/chromium", "/usr/lib/chromium/chromium", "/opt/google/chrome/chrome", "/snap/bin/chromium"],
  darwin: ["", process.env.HOME ?? ""].flatMap((home) => [
    `${home}/Applications/Google Chrome.app/Contents/MacOS/Google Chrome`,
    `${home}/Applications/Chromium.app/Contents/MacOS/Chromium`,
  ]),
  win32: [process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA].flatMap((base) =>
    base === undefined
      ? []
      : [`${base}\\Google\\Chrome\\Application\\chrome.exe`, `${base}\\Chromium\\Application\\chrome.exe`],
  ),
};

/**
 * A Chrome or Chromium of this machine: the one that HEED_BROWSER names, else one on the PATH, at a usual place, or of Playwright.
 *
 * @returns {Promise<string | null>} its path
 */
export async function findBrowser() {
  const named = process.env.HEED_BROWSER;
  if (named) return existsSync(named) ? named : null;
  const suffix = process.platform === "win32" ? ".exe" : "";
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => programs.map((program) => join(folder, program + suffix)));
  const usual = places[/** @type {keyof typeof places} */ (process.platform)] ?? [];
  for (const path of [...onPath, ...usual, ...(await playwrightBrowser())])
    if (existsSync(path) && (await answers(path))) return path;
  return null;
}

/**
 * A browser, installed if need be: on Debian as root with apt-get, elsewhere with Playwright. Prints what it did.
 *
 * @returns {Promise<string | null>} its path, or null after a sentence of why
 */
export async function ensureBrowser() {
  const found = await findBrowser();
  if (found !== null) return found;
  if (process.env.HEED_BROWSER) {
    console.log(`No browser: HEED_BROWSER names ${process.env.HEED_BROWSER}, which does not exist.`);
    return null;
  }
  const start = Date.now();
  const failures = [];
  for (const installer of [...(hasDebianChromium() ? [installFromDebian] : []), installFromPlaywright]) {
    const { name, code, output } = await installer();
    const browser = code === 0 ? await findBrowser() : null;
    if (browser !== null) {
      console.log(`Installed ${browser} with ${name} (${seconds(start)}).`);
      return browser;
    }
    const lines = output.trim().split("\n");
    failures.push(`${name} ended with code ${code}: ${lines.find((line) => /error|fail/i.test(line)) ?? lines.at(-1)}`);
  }
  console.log(
    `No browser: none is installed and none could be. ${failures.join("; ")}. Install Chromium or set HEED_BROWSER.`,
  );
  return null;
}

async function installFromDebian() {
  console.log("Installing Chromium with apt-get ...");
  const options = { quiet: true, env: { DEBIAN_FRONTEND: "noninteractive" } };
  const wait = ["-o", "DPkg::Lock::Timeout=300"];
  const update = await run("apt-get", [...wait, "update"], options);
  const result = update.code === 0 ? await run("apt-get", [...wait, "install", "-y", "chromium"], options) : update;
  return { name: "apt-get", ...result };
}

async function installFromPlaywright() {
  console.log("Installing Chromium with Playwright ...");
  return {
    name: "Playwright",
    ...(await runTool("playwright-core", ["install", "--no-shell", "chromium"], { quiet: true })),
  };
}

/** Whether apt-get can install Chromium here. Ubuntu's package of that name is only a pointer to a snap. */
function hasDebianChromium() {
  if (process.platform !== "linux" || process.getuid?.() !== 0 || !existsSync("/etc/os-release")) return false;
  const system = readFileSync("/etc/os-release", "utf8");
  return /^ID(_LIKE)?=.*debian/m.test(system) && !/^ID(_LIKE)?=.*ubuntu/m.test(system);
}

/** Where Playwright would put its own Chromium; empty before the packages are installed. */
async function playwrightBrowser() {
  if (!existsSync(join(root, "node_modules", "playwright-core"))) return [];
  const { chromium } = await import("playwright-core");
  return [chromium.executablePath()];
}

/**
 * Whether a program on Linux starts: Ubuntu has a /usr/bin/chromium-browser that only asks for a snap. Elsewhere existing is
 * enough, and asking Chrome on Windows for its version would open a window.
 *
 * @param {string} path
 */
async function answers(path) {
  if (process.platform !== "linux") return true;
  return (await run(path, ["--version"], { quiet: true, timeout: 30_000 })).code === 0;
}
