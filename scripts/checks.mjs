// The checks of the code at rest, each counted like a test: it builds, the types fit, the format is Prettier's, the linter is silent.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "./build.mjs";
import { exampleFindings } from "./examples.mjs";
import { root, runTool, seconds, SetupError } from "./process.mjs";

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {string} needs a file without which there is nothing to check
 * @property {() => Promise<string>} findings what is wrong; empty when all is well
 */

/** @type {readonly Check[]} */
const checks = [
  { name: "build, with the types of src", needs: "tsconfig.json", findings: buildFindings },
  tool("types of the tests", "tsconfig.test.json", "typescript/tsc", ["-p", "tsconfig.test.json"]),
  { name: "types of the examples", needs: "docs", findings: exampleFindings },
  tool("types of the scripts", "scripts/tsconfig.json", "typescript/tsc", ["-p", "scripts/tsconfig.json"]),
  tool("types of the studio", "studio/tsconfig.json", "svelte-check", [
    "--tsconfig",
    "studio/tsconfig.json",
    "--output",
    "human",
  ]),
  tool("format", ".prettierrc.json", "prettier", ["--check", ".", "--log-level", "warn"]),
  tool("lint", ".oxlintrc.json", "oxlint", ["--deny-warnings"]),
];

/**
 * Runs the checks one after the other and prints a line for each, with the findings of those that failed.
 *
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const { name, needs, findings } of checks) {
    if (!existsSync(join(root, needs))) continue;
    const start = Date.now();
    const found = await findings();
    counts[found === "" ? "passed" : "failed"]++;
    console.log(`${found === "" ? "ok    " : "FAILED"} ${name} (${seconds(start)})`);
    if (found !== "") console.log(found);
  }
  return counts;
}

/**
 * @param {string} name
 * @param {string} needs
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Check}
 */
function tool(name, needs, program, args) {
  return {
    name,
    needs,
    findings: async () => {
      const { code, output } = await runTool(program, args, { quiet: true });
      return code === 0 ? "" : output || `${program} ended with code ${code}`;
    },
  };
}

async function buildFindings() {
  try {
    await ensureBuilt();
    return "";
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
}
