import { expect, test } from "vitest";
import { untestedWithout } from "./test.mjs";

test("without a browser a gate fails, and a person's run does not", () => {
  expect(untestedWithout(null, { CI: "true" })).toMatch(/^FAILED browser: .* no browser\.$/);
  expect(untestedWithout(null, {})).toBeNull();
  expect(untestedWithout(null, { CI: "" })).toBeNull();
  expect(untestedWithout("/usr/bin/chromium", { CI: "true" })).toBeNull();
});
