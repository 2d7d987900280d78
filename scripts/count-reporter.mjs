// A vitest reporter that writes what npm test adds up: counts, and the tests that were skipped with their reasons.
// Vitest's own JSON report leaves the reasons out, and the errors that belong to no test.

/** @import { Reporter, TestCase, TestModule } from "vitest/node" */

import { writeFileSync } from "node:fs";

/**
 * @typedef {object} TestCounts
 * @property {number} passed
 * @property {number} failed tests, files that did not load and errors outside of any test
 * @property {readonly { test: string, reason: string }[]} skipped
 */

/**
 * Writes `TestCounts` as JSON to the file that HEED_COUNTS names. Vitest takes a reporter's default export.
 *
 * @implements {Reporter}
 */
export default class CountReporter {
  /**
   * @param {readonly TestModule[]} modules
   * @param {readonly unknown[]} strayErrors
   */
  onTestRunEnd(modules, strayErrors) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    const ended = (/** @type {string} */ state) => tests.filter((test) => test.result().state === state);
    /** @type {TestCounts} */
    const counts = {
      passed: ended("passed").length,
      failed: ended("failed").length + suites.filter((suite) => suite.errors().length > 0).length + strayErrors.length,
      skipped: [...ended("skipped"), ...ended("pending")].map((test) => ({
        test: `${test.module.relativeModuleId} > ${test.fullName}`,
        reason: reasonOf(test),
      })),
    };
    writeFileSync(/** @type {string} */ (process.env.HEED_COUNTS), JSON.stringify(counts));
  }
}

/**
 * Why a test did not run to its end.
 *
 * @param {TestCase} test
 */
function reasonOf(test) {
  const result = test.result();
  if (result.state === "pending" && test.options.mode === "run") return "it did not end";
  return (result.state === "skipped" && result.note) || `${test.options.mode}, without a reason`;
}
