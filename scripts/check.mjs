// npm run check: the checks of npm test without the tests.

import { runChecks } from "./checks.mjs";
import { ensureInstalled } from "./install.mjs";

export async function main() {
  await ensureInstalled();
  const { passed, failed } = await runChecks();
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
