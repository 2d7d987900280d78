import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TypedArray } from "../src/core/dtype.ts";
import { decodeSafetensors } from "../src/files/safetensors.ts";
import { readG2pCard, type G2pCard } from "../src/recipes/g2p/card.ts";
import { countOverlap } from "../src/recipes/g2p/fingerprint.ts";
import { heed } from "./cli-console.ts";
import { smallWords, writeSmallData } from "./cli-data.ts";

const folder = mkdtempSync(join(tmpdir(), "heed-train-"));
const data = join(folder, "small");
const sizes = ["--data", data, "--size", "6", "--batch", "16", "--epochs", "3", "--threads", "1"];
const whole = join(folder, "whole");

beforeAll(() => writeSmallData(data));
afterAll(() => rmSync(folder, { recursive: true }));

describe("heed train g2p", () => {
  test("trains, and writes a model folder with its card and the words seen", async () => {
    const events = join(folder, "events.jsonl");
    const { code, stdout, stderr } = await heed(["train", "g2p", ...sizes, "--out", whole, "--events", events]);
    expect(stderr).toContain("small: 80 words to train on, 4 dev, 20 test");
    expect(stderr).toMatch(/epoch 3 {2}step 15 {2}dev WER \d+\.\d\d %/);
    expect(stdout).toContain(`model      ${join(whole, "model")}`);
    expect(stdout).toContain("heed pronounce attention --model");
    expect(code).toBe(0);

    const types = lines(events).map(({ type }) => type);
    expect(types[0]).toBe("start");
    expect(types.at(-1)).toBe("done");
    expect(types.filter((type) => type === "validation")).toHaveLength(3);

    const { card, words } = await readG2pCard(join(whole, "model"));
    expect(card.command).toBe(
      "heed train g2p --attention additive --data small --size 6 --layers 3 --epochs 3 --batch 16 --rate 0.002 --dropout 0.35 --smoothing 0 --decay 0.1 --seed 1 --threads 1",
    );
    expect(card.data).toMatchObject({ kind: "folder", name: "small", trainWordCount: 80, devWordCount: 4 });
    expect(card.training).toMatchObject({ reason: "finished", epochs: 3, steps: 15 });
    expect(card.training.processorMinutes).toBeGreaterThan(0);
    expect(card.machine.threads).toBe(1);
    expect(card.words.count).toBe(84);
    expect(countOverlap(words, smallWords).count).toBe(84);
    expect(JSON.stringify(card)).not.toContain(folder);
    const page = readFileSync(join(whole, "model", "README.md"), "utf8");
    expect(page).toContain(`${card.dev.wer.toFixed(2)} %`);
    expect(page).toMatch(/\d minutes, [\d.]+ core-minutes on/);
    expect(page).not.toContain(folder);
    expect(page).not.toContain("Names and foreign words");
    for (const [name, hash] of Object.entries(card.files))
      expect(sha256(readFileSync(join(whole, "model", name)))).toBe(hash);

    const said = await heed(["pronounce", "bada", "--json", "--model", join(whole, "model")]);
    expect(said.code).toBe(0);
    expect((await heed(["pronounce", "zoe", "--model", join(whole, "model")])).stderr).toContain(
      'got "zoe" with "Z". Write the word in the model\'s alphabet',
    );
  }, 300_000);

  test("the test words are scored where --test says so, and not before", async () => {
    const model = join(whole, "model");
    const { card: unscored } = await readG2pCard(model);
    expect(unscored.test).toBeNull();
    expect(readFileSync(join(model, "README.md"), "utf8")).toContain(
      "not yet scored; once a model is chosen, `heed evaluate g2p --model DIR --data small` does it",
    );
    const again = ["train", "g2p", ...sizes, "--out", whole, "--resume"];
    const silent = await heed(again);
    expect(silent.stderr).toContain("Scoring the best parameters on dev words");
    expect(silent.stdout).toContain(
      `test       not scored; once the model is chosen: heed evaluate g2p --model ${model} --data ${data}`,
    );

    const shown = await heed([...again, "--ship", join(folder, "scored"), "--test"]);
    expect(shown.stderr).toContain("Scoring the best parameters on dev and test words");
    const { card } = await readG2pCard(join(folder, "scored"));
    expect(shown.stdout).toContain(`test       WER ${card.test!.wer.toFixed(2)} %`);
    expect(card.command).toBe(`${unscored.command} --test`);
    expect(readFileSync(join(folder, "scored", "README.md"), "utf8")).not.toContain("not yet scored");
    // Measuring either gives what the card of the scored one says.
    for (const name of [model, join(folder, "scored")]) {
      const { stdout } = await heed(["evaluate", "g2p", "--model", name, "--data", data, "--json"]);
      expect(JSON.parse(stdout)).toMatchObject(card.test!);
    }
  }, 120_000);

  test("patience ends a training that gets no better", async () => {
    const flags = ["--rate", "1e-12", "--patience", "1", "--epochs", "9", "--out", join(folder, "patient"), "--json"];
    const { code, stdout } = await heed(["train", "g2p", ...sizes, ...flags]);
    expect(code).toBe(0);
    const { card } = JSON.parse(stdout) as { readonly card: G2pCard };
    expect(card.training).toMatchObject({ reason: "patience", bestStep: 5, steps: 6 });
    expect(card.command).toContain(" --epochs 9 --patience 1 --batch");
  }, 120_000);

  test("stopped and resumed, it ends with the same bits", async () => {
    const out = join(folder, "stopped");
    let press = (): void => undefined;
    const events = join(folder, "stopped.jsonl");
    const flags = [...sizes, "--out", out, "--events", events];
    const stopped = await heed(["train", "g2p", ...flags, "--json"], {
      interrupt: (given) => (press = given),
      watch: (text) => void (text.includes('"step":7,') && press()),
    });
    expect(stopped.code).toBe(130);
    const { step } = JSON.parse(stopped.stdout) as { readonly step: number };
    expect(step).toBeGreaterThanOrEqual(7);
    expect(step).toBeLessThan(15);
    expect(existsSync(join(out, "model"))).toBe(false);

    const told = readFileSync(events, "utf8");
    const refused = await heed(["train", "g2p", ...flags]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("the folder must hold no training");

    expect(readFileSync(events, "utf8")).toBe(told);

    const resumed = await heed(["train", "g2p", ...flags, "--json", "--resume"]);
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`Resumed at step ${step} of 15`);
    const { card } = JSON.parse(resumed.stdout) as { readonly card: G2pCard };
    expect(card.training.steps).toBe(15);
    expect(readFileSync(events, "utf8").startsWith(told)).toBe(true);
    expect(lines(events).filter(({ type }) => type === "start")).toHaveLength(2);
    expect(tensors(join(out, "last.safetensors"))).toEqual(tensors(join(whole, "last.safetensors")));
    expect(readFileSync(join(out, "model", "model.safetensors"))).toEqual(
      readFileSync(join(whole, "model", "model.safetensors")),
    );
  }, 300_000);

  test("stopped by the system while it scores, it writes no card; resumed, it does", async () => {
    let press: (signal?: "SIGTERM") => void = () => undefined;
    const scoring = ["train", "g2p", ...sizes, "--out", whole, "--ship", join(folder, "shipped"), "--resume"];
    const stopped = await heed(scoring, {
      interrupt: (given) => (press = given),
      watch: (text) => void (text.startsWith("Scoring") && press("SIGTERM")),
    });
    expect(stopped.code).toBe(143);
    expect(stopped.stderr).toContain("Stopped at step 15");
    expect(existsSync(join(folder, "shipped", "card.json"))).toBe(false);
    expect((await heed(scoring)).code).toBe(0);
    expect(existsSync(join(folder, "shipped", "card.json"))).toBe(true);
  }, 120_000);

  test("a model folder that cannot be written is refused before training", async () => {
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    const out = join(folder, "unshipped");
    for (const ship of [file, join(file, "below")]) {
      const { code, stderr } = await heed(["train", "g2p", ...sizes, "--out", out, "--ship", ship]);
      expect(code).toBe(1);
      expect(stderr).toContain(`${ship}: the model folder must be writable`);
      expect(stderr).not.toContain("    at ");
    }
    expect(existsSync(out)).toBe(false);
  });

  test("a training goes on only with its own settings and words", async () => {
    const settings = await heed(["train", "g2p", ...sizes, "--seed", "2", "--out", whole, "--resume"]);
    expect(settings.code).toBe(1);
    expect(settings.stderr).toContain("the checkpoint must be of the same settings");
    const threads = await heed(["train", "g2p", ...sizes, "--threads", "2", "--out", whole, "--resume"]);
    expect(threads.code).toBe(1);
    expect(threads.stderr).toContain("as many threads as it began with, 1, got 2. Give --threads 1");
    const other = join(folder, "other");
    writeSmallData(other, 85);
    const words = await heed(["train", "g2p", "--data", other, ...sizes.slice(2), "--out", whole, "--resume"]);
    expect(words.code).toBe(1);
    expect(words.stderr).toContain("must go on with the words it began with");
  }, 120_000);

  test("bad data is named by file and line, before anything is written", async () => {
    const bad = join(folder, "bad");
    const out = join(folder, "never");
    const run = async (): Promise<string> => {
      const { code, stderr, stdout } = await heed(["train", "g2p", "--data", bad, "--out", out, "--json"]);
      expect(code).toBe(1);
      expect(JSON.parse(stdout)).toHaveProperty("error.code", "file");
      expect(existsSync(out)).toBe(false);
      return stderr;
    };
    expect(await run()).toContain("nothing there");
    mkdirSync(bad);
    expect(await run()).toContain("exactly one *.train file");
    writeSmallData(bad);
    writeFileSync(join(bad, "small.ref"), "");
    expect(await run()).toContain("small.ref");
    writeSmallData(bad);
    appendFileSync(join(bad, "small.train"), "WORD WITHOUT TAB\n");
    expect(await run()).toContain("small.train line 85");
    writeSmallData(bad);
    appendFileSync(join(bad, "small.ref"), `${smallWords[0]}\tB\n`);
    expect(await run()).toContain("test words must not be in small.train");
  });

  test("wrong usage ends with 2", async () => {
    for (const args of [["--epochs", "0"], ["--rate", "fast"], ["--variant", "dotty"], ["--minutes", "3"], ["word"]])
      expect({ args, ...(await heed(["train", "g2p", ...args])) }).toMatchObject({ args, code: 2, stdout: "" });
    expect((await heed(["train"])).code).toBe(2);
    expect((await heed(["train", "nothing"])).code).toBe(2);
    for (const page of [
      ["train", "g2p", "--help"],
      ["train", "--help"],
    ])
      expect((await heed(page)).stdout).toContain("$ heed train g2p --limit 2000");
    expect((await heed(["compare", "--help"])).stdout).toContain("$ heed compare g2p");
    expect((await heed(["--help"])).stdout).toContain("$ heed pronounce");
  });
});

function lines(file: string): readonly { readonly type: string }[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly type: string });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A hash of each tensor: a difference is then a short message. */
function tensors(file: string): Readonly<Record<string, string>> {
  const found = decodeSafetensors(readFileSync(file), file).tensors;
  const hash = (data: TypedArray): string =>
    createHash("sha256")
      .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
      .digest("hex");
  return Object.fromEntries([...found].map(([name, { data: values }]) => [name, hash(values)]));
}
