import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publishedDigests, publishedRows } from "../src/recipes/g2p/published.ts";
import { evaluationJson, evaluationText } from "../src/cli/evaluate-output.ts";
import { matchPublished, measureG2p, type Measurement } from "../src/recipes/g2p/measure.ts";
import { verdictOf, type ComparedModel, type Comparison } from "../src/recipes/g2p/compare.ts";
import { heed } from "./cli-console.ts";
import { lineOf, smallWords, writeSmallData } from "./cli-data.ts";

const folder = mkdtempSync(join(tmpdir(), "heed-measure-"));
const data = join(folder, "small");
const both = join(folder, "both");
const sizes = ["--data", data, "--size", "6", "--batch", "16", "--epochs", "2", "--threads", "1", "--out", both];
const model = join(both, "additive", "model");
let comparison: Comparison;

beforeAll(async () => {
  writeSmallData(data);
  const { code, stdout } = await heed(["compare", "g2p", ...sizes, "--json"]);
  if (code !== 0) throw new Error(`the comparison ended with ${code}`);
  comparison = JSON.parse(stdout) as Comparison;
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe("heed compare g2p", () => {
  test("has both models, the same words, and a verdict", () => {
    expect(comparison).toMatchObject({
      data: "small",
      split: "test",
      wordCount: 20,
      models: [
        { name: "no attention", variant: "none", epochs: 2, against: null },
        { name: "additive attention", variant: "additive", epochs: 2, against: { sameBudget: true } },
      ],
    });
    expect(comparison.byLength.map(({ letters, wordCount }) => [letters, wordCount])).toEqual([["1-4", 20]]);
    // Twenty words and two epochs: whether the verdict fits its numbers is for the tests of verdictOf.
    const [none, attention] = comparison.models as readonly [ComparedModel, ComparedModel];
    const { test: paired, verdict } = attention.against!;
    expect(verdict).toBe(verdictOf(paired, true, { first: null, second: attention.name }));
    expect(paired.difference).toBeCloseTo(attention.wer - none.wer, 9);
  });

  test("goes on where it was, and takes models that are there", async () => {
    const again = await heed(["compare", "g2p", ...sizes]);
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("Resumed at step 10 of 10");
    expect(again.stdout).toMatch(
      /^20 test words of small +WER +PER +parameters .*\nno attention .*\nadditive attention /,
    );
    const given = ["--models", join(both, "none", "model"), model, "--data", data, "--json"];
    const { code, stdout } = await heed(["compare", "g2p", ...given]);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as Comparison).models[1]!.against).toEqual(comparison.models[1]!.against);
  }, 120_000);

  test("holds any models against the first, on the dev words too", async () => {
    const models = ["--models", model, join(both, "none", "model"), model];
    const { code, stdout } = await heed(["compare", "g2p", ...models, "--data", data, "--split", "dev"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^4 dev words of small /);
    expect(stdout).toMatch(/^additive attention \(.+\).* \+0\.00 \(\+0\.00 to \+0\.00\) +0 \/ 0$/m);
    expect(stdout).toContain("The dev words chose each model");
  }, 120_000);

  test("refuses one folder, and options of a training beside models", async () => {
    const one = await heed(["compare", "g2p", "--models", model]);
    expect(one).toMatchObject({ code: 2, stdout: "" });
    expect(one.stderr).toContain("--models must be followed by at least two folders, got 1");
    const trained = await heed(["compare", "g2p", "--models", model, model, "--epochs", "3", "--seed", "2"]);
    expect(trained).toMatchObject({ code: 2, stdout: "" });
    expect(trained.stderr).toContain("got --epochs, --seed as well");
    const missing = await heed(["compare", "g2p", "--models", model, join(folder, "nowhere")]);
    expect(missing.stderr).toContain("nowhere: a model folder with config.json");
    expect(missing.stderr).toContain("Give one with --models DIR DIR");
  });
});

describe("heed evaluate g2p", () => {
  const flags = ["evaluate", "g2p", "--model", model];

  test("measures the test words, as the card says", async () => {
    const { code, stdout } = await heed([...flags, "--data", data, "--json"]);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as Record<string, number> & { training: Record<string, unknown> };
    expect(result).toMatchObject({ data: "small", split: "test", wordCount: 20, overlap: 0, published: null });
    expect(result["wer"]).toBe(comparison.models[1]!.wer);
    expect(result["wordsPerSecond"]).toBeGreaterThan(0);
    const text = await heed([...flags, "--data", data, "--beam", "2"]);
    expect(text.stdout).toContain("beam 2, ");
    expect(text.stdout).toMatch(/, \d,\d{3} parameters,/);
    expect(text.stderr).toBe("");
    const longer = await heed([...flags, "--data", data, "--beam", "2", "--alpha", "1.5"]);
    expect(longer.stdout).toContain("beam 2, alpha 1.5, ");
    expect((await heed([...flags, "--data", data, "--alpha", "-1"])).code).toBe(2);
    expect(text.stdout).toContain("rates on other words do not compare");
  });

  test("says on a terminal what takes a while, and to programs nothing", async () => {
    const measuring = [...flags, "--data", data];
    expect((await heed(measuring, { columns: 80 })).stderr).toBe("Measuring 20 words ...\n");
    expect((await heed([...measuring, "--json"], { columns: 80 })).stderr).toBe("");
  });

  test("refuses words that the model was taught, with their number", async () => {
    const leaky = join(folder, "leaky");
    writeSmallData(leaky);
    writeFileSync(join(leaky, "small.train"), smallWords.slice(200).map(lineOf).join(""));
    writeFileSync(join(leaky, "small.ref"), smallWords.slice(80, 100).map(lineOf).join(""));
    const { code, stdout, stderr } = await heed([...flags, "--data", leaky, "--json"]);
    expect(code).toBe(1);
    expect(stderr).toContain("4 of 20 that it was trained on");
    expect(JSON.parse(stdout)).toHaveProperty("error.code", "input");
  });

  test("the model's own dev words are measured and named; those of other data must be new", async () => {
    const own = await heed([...flags, "--data", data, "--split", "dev"]);
    expect(own.code).toBe(0);
    expect(own.stdout).toContain("The dev words chose the model.");
    const seen = JSON.parse((await heed([...flags, "--data", data, "--split", "dev", "--json"])).stdout) as object;
    expect(seen).toMatchObject({ wordCount: 4, overlap: 4 });
    const other = join(folder, "other");
    writeSmallData(other, 85);
    const refused = await heed([...flags, "--data", other, "--split", "dev"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("must be new to the model");
  });

  test("a model of a trial is measured with its trial's words", async () => {
    const out = join(folder, "trial");
    const trial = ["train", "g2p", ...sizes.slice(0, -1), out, "--limit", "40", "--epochs", "1"];
    expect((await heed(trial)).code).toBe(0);
    const measured = ["evaluate", "g2p", "--model", join(out, "model"), "--split", "dev", "--json", "--data"];
    const { code, stdout } = await heed([...measured, data]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ split: "dev", wordCount: 4, overlap: 4 });
  }, 120_000);

  test("a word with letters that the model lacks counts as wrong", async () => {
    const strange = join(folder, "strange");
    writeSmallData(strange);
    writeFileSync(join(strange, "small.ref"), "ZZZ\tB\nBAB\tB AA B\n");
    const { stdout } = await heed([...flags, "--data", strange, "--json"]);
    const result = JSON.parse(stdout) as Record<string, number>;
    expect(result).toMatchObject({ unreadableCount: 1, wordCount: 2 });
    expect(result["wrongWordCount"]).toBeGreaterThanOrEqual(1);
  });

  test("a model without its words, with those of another, or with a damaged card is refused", async () => {
    const copy = join(folder, "copy");
    const attempt = async (damage: () => void): Promise<string> => {
      rmSync(copy, { recursive: true, force: true });
      cpSync(model, copy, { recursive: true });
      damage();
      const { code, stderr } = await heed(["evaluate", "g2p", "--model", copy, "--data", data]);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await attempt(() => rmSync(join(copy, "words.bin")))).toContain("words.bin");
    expect(await attempt(() => writeFileSync(join(copy, "words.bin"), ""))).toContain(
      "the words must be those of card.json",
    );
    const other = join(both, "none", "model");
    for (const name of ["config.json", "model.safetensors"])
      expect(await attempt(() => cpSync(join(other, name), join(copy, name)))).toContain(
        `${join(copy, name)}: the file must be that of card.json`,
      );
    expect(await attempt(() => writeFileSync(join(copy, "card.json"), "{}"))).toContain("the card must be whole");
    expect(await attempt(() => writeFileSync(join(copy, "card.json"), "{"))).toContain("must be JSON");
    const folderModel = await heed(flags);
    expect(folderModel.stderr).toContain("Give the folder with --data");
  });

  test("published rows stand beside the model's where the words are theirs", async () => {
    const measurement = await measureG2p(model, { folder: data });
    const report = { measurement, beam: 1, alpha: 0 } as const;
    const text = evaluationText({ ...report, published: { sameTraining: true } });
    expect(text).not.toContain("other words");
    const apart = { ...report, published: { sameTraining: false } };
    expect(evaluationText(apart)).toContain("measured now; trained on other words");
    expect(evaluationJson(apart)).toMatchObject({ publishedNote: "this model was trained on other words" });
    for (const { system } of publishedRows) expect(text).toContain(system);
    expect(text).toContain("21.69?");
    expect(text).toContain("? not verified in the source");
    expect(text).toContain(`this model: additive attention`);
    expect(text).toMatch(/trained \d+ minutes, \d+ core-minutes\n/);
    const { processorMinutes: _, ...training } = measurement.card.training;
    const old = { ...measurement, card: { ...measurement.card, training } };
    const oldReport = { ...report, measurement: old, published: null };
    expect(evaluationText(oldReport)).toMatch(/trained \d+ minutes\n/);
    expect(evaluationJson(oldReport)).toMatchObject({ training: { processorMinutes: null }, publishedNote: null });
  });

  test("the published test is known by its words, not by their number", async () => {
    const measurement = await measureG2p(model, { folder: data });
    expect(matchPublished(measurement)).toBeNull();
    // As many words and pronunciations as the published test has, and others.
    const entries = Array.from({ length: 12_000 }, (_, i) => ({
      word: `W${i}`,
      pronunciations: i < 753 ? [["B"], ["D"]] : [["B"]],
    }));
    const split = { ...measurement.data.split, test: { entries } };
    const other: Measurement = { ...measurement, data: { ...measurement.data, split } };
    expect(matchPublished(other)).toBeNull();
    expect(Object.values(publishedDigests).every((digest) => /^[0-9a-f]{64}$/.test(digest))).toBe(true);
  });
});

test("heed recipes lists what can be trained", async () => {
  const { code, stdout } = await heed(["recipes"]);
  expect(code).toBe(0);
  expect(stdout).toContain("heed train g2p");
  expect(stdout).toContain("measured against  Toshniwal and Livescu");
  expect(stdout).toContain("WER 21.69? %, PER 5.04? % on g014b2b (? not verified in the source;");
  expect(stdout).not.toContain("reproduces");
  expect(JSON.parse((await heed(["recipes", "--json"])).stdout)).toEqual([
    expect.objectContaining({ name: "g2p", measuredAgainst: expect.stringContaining("21.69?") as string }),
  ]);
});
