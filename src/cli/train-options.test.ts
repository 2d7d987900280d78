import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readOptions } from "../../test/cli-console.ts";
import { cardFiles, readG2pCard } from "../recipes/g2p/card.ts";
import { cardText } from "../recipes/g2p/card-text.ts";
import type { G2pVariant } from "../recipes/g2p/variants.ts";
import { shippedModel } from "./pronounce-model.ts";
import { defaultFolder, settingsOf, type TrainFlags } from "./train-options.ts";

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

test("the command on the card of the model that ships gives the settings on it", async () => {
  const { card } = await readG2pCard(shippedModel());
  const [program, ...args] = card.command.split(" ");
  expect(program).toBe("heed");
  const options = await readOptions<TrainFlags & { readonly attention: G2pVariant; readonly test?: true }>(args);
  expect(settingsOf(options.attention, options)).toEqual(card.settings);
  expect({ threads: options.threads, test: options.test ?? false }).toEqual({
    threads: card.machine.threads,
    test: card.test !== null,
  });
});

test("the page beside the model that ships is that of its card", async () => {
  const { card } = await readG2pCard(shippedModel());
  expect(readFileSync(join(shippedModel(), cardFiles.text), "utf8")).toBe(cardText(card));
});
