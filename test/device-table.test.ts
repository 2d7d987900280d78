// docs/devices.md says what the suites found.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { deviceTable, operationList } from "./device-table.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test("the table of devices is that of the mechanism suite, and its exceptions are the suites'", () => {
  const page = read("docs/devices.md");
  const lines = (mark: string): readonly string[] => page.split("\n").filter((line) => line.startsWith(mark));
  expect(lines("|")).toEqual(deviceTable().split("\n"));
  expect(lines("- ")).toEqual(operationList().split("\n"));
});

test("the README leads to it", () => {
  expect(read("README.md").includes("(docs/devices.md)")).toBe(true);
});
