// npm test: install what is missing, check the code, run every test; the last line says `N passed, N failed`.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBrowser } from "./browser.mjs";
import { runChecks } from "./checks.mjs";
import { ensureInstalled } from "./install.mjs";
import { runTool } from "./process.mjs";

/** Twice what the tests may take: past it, something hangs. */
const limitMinutes = 20;

/**
 * @param {readonly string[]} args for vitest, for instance a folder
 * @returns {Promise<number>} 0 when something ran and nothing failed, else 1
 */
export async function main(args) {
  await ensureInstalled();
  const browser = await ensureBrowser();
  const checks = await runChecks();
  const tests = await runTests(args, browser);
  for (const { test, reason } of tests.skipped) console.log(`skipped: ${test}: ${reason}`);
  const untested = untestedWithout(browser, process.env);
  if (untested !== null) console.log(untested);
  const failed = checks.failed + tests.failed + (untested === null ? 0 : 1);
  console.log(`${checks.passed + tests.passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/**
 * What a run without a browser left untested, where that must not pass for green: a person sees what was skipped, a
 * machine that gates changes does not.
 *
 * @param {string | null} browser
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {string | null} a sentence, which counts as one failure
 */
export function untestedWithout(browser, env) {
  if (browser !== null || env.CI !== "true") return null;
  return "FAILED browser: with CI=true the tests of wasm, webgpu and the studio must run, and there is no browser.";
}

/**
 * @param {readonly string[]} args
 * @param {string | null} browser
 * @returns {Promise<import("./count-reporter.mjs").TestCounts>}
 */
async function runTests(args, browser) {
  const folder = mkdtempSync(join(tmpdir(), "heed-test-"));
  try {
    const file = join(folder, "counts.json");
    const reporters = ["--reporter=default", "--reporter=./scripts/count-reporter.mjs"];
    const { code } = await runTool("vitest", ["run", ...reporters, ...args], {
      env: { HEED_COUNTS: file, HEED_BROWSER: browser ?? "", ORT_DISABLE_TELEMETRY: "1" },
      timeout: limitMinutes * 60_000,
    });
    return judge(code, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The counts, plus one failure where vitest's end says less than its exit code: a crash, a hang, a run without tests.
 *
 * @param {number} code
 * @param {string} file
 * @returns {import("./count-reporter.mjs").TestCounts}
 */
function judge(code, file) {
  /** @type {import("./count-reporter.mjs").TestCounts} */
  const counts = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { passed: 0, failed: 0, skipped: [] };
  if (counts.failed > 0 || (code === 0 && counts.passed > 0)) return counts;
  const killed = code === 137 ? `; one that takes more than ${limitMinutes} minutes is killed` : "";
  console.log(code === 0 ? "No test ran." : `vitest ended with code ${code}${killed}.`);
  return { ...counts, failed: 1 };
}
