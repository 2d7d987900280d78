import { join } from "node:path";
import { expect, test } from "vitest";
import { defaultFolder } from "./train-options.ts";

const facts = {
  kind: "folder",
  limit: null,
  trainWordCount: 1,
  trainPronunciationCount: 1,
  devWordCount: 1,
  testWordCount: 1,
  digest: "",
} as const;
const folderOf = (name: string): string => defaultFolder("g2p-dot", { ...facts, name }, {});

test("data folders of different names have different training folders", () => {
  expect(folderOf("mine")).toBe(join(".heed", "train", "g2p-dot-mine"));
  expect(folderOf("слова")).toBe(join(".heed", "train", "g2p-dot-слова"));
  const names = ["слова", "言葉", "my words", "my-words", "my?words", "🙂", "🙃"];
  expect(new Set(names.map(folderOf)).size).toBe(names.length);
  expect(folderOf("my words")).toMatch(/g2p-dot-my-words-[0-9a-f]{8}$/);
  expect(defaultFolder("g2p-dot", { ...facts, name: "mine" }, { limit: 50, size: 8 })).toMatch(/mine-50w-s8$/);
});
