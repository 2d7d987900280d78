// Hard attention from the command line: trained by REINFORCE, its curves drawn, and measured with its memory permuted.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TrainingCurves } from "../src/cli/training-curves.ts";
import { readG2pCard } from "../src/recipes/g2p/card.ts";
import { heed, readOptions } from "./cli-console.ts";
import { writeSmallData } from "./cli-data.ts";

const folder = mkdtempSync(join(tmpdir(), "heed-curves-"));
const data = join(folder, "small");
const events = join(folder, "hard.jsonl");
const out = join(folder, "hard");
const model = join(out, "model");
const sizes = ["--data", data, "--size", "6", "--batch", "16", "--epochs", "3", "--threads", "1"];
const hard = ["--attention", "hard", "--baseline", "average", "--samples", "2", "--entropy", "0.05"];

beforeAll(() => writeSmallData(data));
afterAll(() => rmSync(folder, { recursive: true }));

test("heed train g2p --attention hard writes its card; the command on it gives the same settings", async () => {
  const trained = await heed(["train", "g2p", ...sizes, ...hard, "--out", out, "--events", events]);
  expect(trained.stderr).toContain("hard attention, 3 epochs");
  expect(trained.code).toBe(0);
  const { card } = await readG2pCard(model);
  expect(card.settings).toMatchObject({
    variant: "hard",
    hard: { baseline: "average", samples: 2, entropyBonus: 0.05, semiSampling: 0 },
    model: { inputFeeding: false },
  });
  expect(card.command).toContain(" --baseline average --samples 2 --entropy 0.05 --semi-sampling 0");
  expect(await readOptions(card.command.split(" ").slice(1))).toMatchObject({ attention: "hard", entropy: 0.05 });
  expect(readFileSync(join(model, "README.md"), "utf8")).toContain("learned which by REINFORCE");
  const said = await heed(["pronounce", "bada", "--json", "--model", model]);
  const [{ attention }] = JSON.parse(said.stdout) as [{ attention: { weights: number[][] } }];
  for (const row of attention.weights) expect(row.filter((weight) => weight !== 0)).toEqual([1]);
}, 60_000);

describe("heed curves", () => {
  test("gives reward, baseline and entropy over the steps, in text, as data and as a figure", async () => {
    const figure = join(folder, "hard.svg");
    const text = await heed(["curves", events, "--figure", figure]);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toMatch(/^reward {4}-\d\.\d{3} at step 1 +-\d\.\d{3} at step 15 +nats/m);
    const drawn = readFileSync(figure, "utf8");
    for (const id of ["curve:0:0", "curve:0:1", "curve:1:0", "curve:2:0"]) expect(drawn).toContain(`data-id="${id}"`);
    expect(drawn).toContain("entropy of attention, nats");

    const read = JSON.parse((await heed(["curves", events, "--json"])).stdout) as TrainingCurves;
    expect(read.curves.map(({ name }) => name)).toEqual(["reward", "baseline", "entropy", "WER"]);
    expect(read.curves[0]!.points.map(([step]) => step)).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    // The average before the first update is 0.
    expect(read.curves[1]!.points[0]).toEqual([1, 0]);
  });

  test("a training without metrics has its loss; of steps that were told twice the later telling counts", async () => {
    const file = join(folder, "soft.jsonl");
    const line = (event: object): string => `${JSON.stringify(event)}\n`;
    const told = [
      { type: "start", step: 0 },
      { type: "step", step: 20, loss: 3 },
      { type: "step", step: 40, loss: 2 },
      { type: "start", step: 30, resumed: true },
      { type: "step", step: 40, loss: 2.5 },
      { type: "done", step: 40 },
    ];
    writeFileSync(file, told.map(line).join(""));
    const { stdout } = await heed(["curves", file, "--json"]);
    expect((JSON.parse(stdout) as TrainingCurves).panels).toEqual([
      { title: "loss, nats a phoneme", curves: [{ name: "loss", points: [[20, 3], [40, 2.5]] }] }, // prettier-ignore
    ]);
  });

  test("of several trainings, the dev errors side by side", async () => {
    const [file, figure] = [join(folder, "other-run.jsonl"), join(folder, "both.svg")];
    writeFileSync(file, readFileSync(events));
    const { code, stdout } = await heed(["curves", events, file, "--figure", figure]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^hard +[\d.]+ at step 5 +[\d.]+ at step 15 +% .*\nother-run /m);
    expect(readFileSync(figure, "utf8")).toContain('data-id="curve:0:1"');
    const read = JSON.parse((await heed(["curves", events, file, "--json"])).stdout) as TrainingCurves;
    expect(read.panels.map(({ title, curves }) => [title, curves.length])).toEqual([["wrong words of dev, %", 2]]);
    expect((await heed(["curves", events, events])).stderr).toContain("a name of its own, got hard twice");
    expect((await heed(["curves", ...new Array<string>(13).fill(events)])).stderr).toContain("at most 12 trainings");
    writeFileSync(file, '{"type":"step","step":1,"loss":2}\n');
    expect((await heed(["curves", events, file])).stderr).toContain("a training with dev errors is required");
  });

  test("a file that is missing, no event, or without a step fails; wrong usage is 2", async () => {
    const missing = await heed(["curves", join(folder, "none.jsonl")]);
    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toContain("none.jsonl");
    const file = join(folder, "other.jsonl");
    writeFileSync(file, '{"type":"start","step":0}\nhello\n');
    expect((await heed(["curves", file])).stderr).toContain(
      'other.jsonl line 2: an event of a training, as JSON, is required, got "hello"',
    );
    writeFileSync(file, '{"type":"start","step":0}\n');
    const empty = await heed(["curves", file, "--json"]);
    expect(empty.code).toBe(1);
    expect(empty.stderr).toContain("told at least one step are required, got none. Train with --events FILE.");
    expect(JSON.parse(empty.stdout)).toHaveProperty("error.code", "file");
    expect(await heed(["curves"])).toMatchObject({ code: 2, stdout: "" });
    expect((await heed(["curves", events, "--figure", "x.txt"])).stderr).toContain("must end in .svg or .png");
  });
});

test("heed evaluate g2p --permute measures with what is read in another order beside their own", async () => {
  const flags = ["evaluate", "g2p", "--model", model, "--data", data];
  const { code, stdout } = await heed([...flags, "--permute", "3"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/WER [\d.]+ % {2}PER [\d.]+ % {2}with what attention reads in a random order \(seed 3\)/);
  const first = JSON.parse((await heed([...flags, "--permute", "3", "--json"])).stdout) as object;
  const again = JSON.parse((await heed([...flags, "--permute", "3", "--json"])).stdout) as { permuted: object };
  expect(first).toMatchObject({ permuted: { ...again.permuted, seed: 3 } });
  expect(JSON.parse((await heed([...flags, "--json"])).stdout)).toMatchObject({ permuted: null });
  expect((await heed([...flags, "--permute", "x"])).code).toBe(2);
});

test("options of one attention are refused for another", async () => {
  const refusals: readonly (readonly [readonly string[], string])[] = [
    [["--samples", "3"], "--samples is for --attention hard, got additive"],
    [
      ["--model", "transformer", "--attention", "dot"],
      "--attention is for --model recurrent, got dot with transformer",
    ],
    [["--model", "transformer", "--no-feed"], "--no-feed is for --model recurrent, got transformer"],
    [["--model", "transformer", "--samples", "3"], "--samples is for --attention hard, got transformer"],
    [["--model", "mamba"], "--model"],
    [["--attention", "marginal", "--feed"], "--feed must not be given with --attention marginal"],
    [["--attention", "hard", "--samples", "1"], "--baseline leave-one-out needs at least 2 --samples, got 1"],
    [["--attention", "harder"], "must be one of none, additive, dot, general, local-m"],
  ];
  for (const [flags, message] of refusals) {
    const { code, stdout, stderr } = await heed(["train", "g2p", ...sizes, ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  }
});
