// Checkpoints: what is written is read back bit by bit, and a file that is damaged, foreign or hostile is refused with the
// file, the tensor and the reason named, before anything is changed.

import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HeedError } from "../../core/errors.ts";
import { array, type NdArray, zeros } from "../../core/ndarray.ts";
import { rng } from "../../core/random.ts";
import { leaves } from "../../core/tree.ts";
import { encodeSafetensors } from "../../files/safetensors.ts";
import {
  checkpointVersion,
  loadCheckpoint,
  progressHash,
  saveCheckpoint,
  type TrainArrays,
  type TrainProgress,
} from "./checkpoint.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heed-checkpoint-"));
  path = join(folder, "last.safetensors");
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const progress: TrainProgress = {
  step: 7,
  epoch: 1,
  batch: 3,
  seconds: 0.1,
  processorSeconds: 0.7,
  best: { score: 0.1 + 0.2, step: 4 },
  lossSum: 1 / 3,
  lossCount: 2,
  validationDue: true,
};
const fill = (seed: number): TrainArrays => {
  const draw = rng(seed);
  const params = {
    layer: [{ weight: draw.normal([2, 3], 1), bias: draw.normal([3], 1e-30) }],
    "odd name": draw.normal([], 1),
  };
  return { params, average: { layer: [{ weight: draw.normal([2, 3], 1) }] } };
};
const contents = (arrays: TrainArrays): unknown =>
  leaves<NdArray>(arrays).map(([name, a]) => [name, [...(a.data as Float32Array)]]);

/** Writes a file with some tensors and metadata of a checkpoint's kind. */
async function forge(tensors: Record<string, NdArray>, changes: Record<string, string> = {}): Promise<void> {
  const usual = {
    heed: "training",
    version: String(checkpointVersion),
    progress: JSON.stringify(progress),
    settings: "s",
  };
  const metadata = { ...usual, ...changes };
  await writeFile(path, encodeSafetensors(tensors, { progressHash: progressHash(metadata.progress), ...metadata }));
}

/** The refusal; the arrays must be as they were. */
async function refusal(arrays: TrainArrays, settings = "s"): Promise<string> {
  const before = contents(arrays);
  const error: unknown = await loadCheckpoint(path, arrays, settings).then(
    () => "was accepted",
    (e: unknown) => e,
  );
  expect(contents(arrays)).toEqual(before);
  if (!(error instanceof HeedError) || error.code !== "file")
    throw new Error("expected a HeedError of code file", { cause: error });
  expect(error.where).toBe(path);
  return error.message;
}

const one = (): TrainArrays => ({ params: { w: zeros([2]) } });
const good = { "params.w": array([1, 2]) };

describe("checkpoints", () => {
  test("come back bit by bit, into the arrays that are there", async () => {
    const saved = fill(1);
    await saveCheckpoint(path, saved, progress, "s");
    const into = fill(2);
    const kept = leaves<NdArray>(into).map(([, a]) => a.data);
    expect(await loadCheckpoint(path, into, "s")).toEqual(progress);
    expect(contents(into)).toEqual(contents(saved));
    expect(leaves<NdArray>(into).map(([, a]) => a.data)).toEqual(kept);
    leaves<NdArray>(into).forEach(([, a], i) => expect(a.data).toBe(kept[i]));
  });

  test("are refused when cut short anywhere", async () => {
    await saveCheckpoint(path, fill(1), progress, "s");
    const bytes = await readFile(path);
    for (let length = 0; length < bytes.length; length += 7) {
      await writeFile(path, bytes);
      await truncate(path, length);
      expect(await refusal(fill(2))).toContain("last.safetensors: ");
    }
  });

  test("are refused when a byte of the header changes, or read the same", async () => {
    await saveCheckpoint(path, fill(1), progress, "s");
    const bytes = await readFile(path);
    const header = 8 + Number(bytes.readBigUInt64LE(0));
    const saved = contents(fill(1));
    let refused = 0;
    for (let at = 0; at < header; at++) {
      const other = Buffer.from(bytes);
      other[at]! ^= 1 << (at % 8);
      await writeFile(path, other);
      const into = fill(2);
      const before = contents(into);
      const read = await loadCheckpoint(path, into, "s").catch((error: unknown) => error);
      if (read instanceof HeedError) refused++;
      else expect({ at, read }).toEqual({ at, read: progress });
      expect(contents(into)).toEqual(read instanceof HeedError ? before : saved);
    }
    expect(refused).toBeGreaterThan(0.9 * header);
  });

  test("are refused when the file is missing", async () => {
    expect(await refusal(one())).toContain("no such file");
  });

  test.each<readonly [string, Record<string, NdArray>, Record<string, string>, string]>([
    [
      "another kind",
      good,
      { heed: "seq2seq" },
      `a training checkpoint of version ${checkpointVersion} is required, got another kind of file`,
    ],
    [
      "another version",
      good,
      { version: "1" },
      `a training checkpoint of version ${checkpointVersion} is required, got version 1`,
    ],
    ["other settings", good, { settings: "t" }, "must be of the same settings, got \n  checkpoint: t\n  now:        s"],
    ["a missing tensor", {}, {}, "tensor params.w float32[2] is required, got none of that name"],
    [
      "an unknown tensor",
      { ...good, extra: zeros([1]) },
      {},
      "every tensor must belong to the model, got an unknown tensor extra",
    ],
    ["another shape", { "params.w": zeros([2, 1]) }, {}, "tensor params.w must be float32[2], got float32[2, 1]"],
    ["another size", { "params.w": zeros([3]) }, {}, "tensor params.w must be float32[2], got float32[3]"],
    ["another dtype", { "params.w": zeros([2], "int32") }, {}, "tensor params.w must be float32[2], got int32[2]"],
    ["NaN", { "params.w": array([1, NaN]) }, {}, "tensor params.w must be finite, got NaN or Infinity"],
    ["Infinity", { "params.w": array([1, -Infinity]) }, {}, "tensor params.w must be finite, got NaN or Infinity"],
    ["no progress", good, { progress: "" }, "the checkpoint's progress must be whole"],
    [
      "a changed progress",
      good,
      { progressHash: progressHash(JSON.stringify({ ...progress, step: 6 })) },
      "the checkpoint's progress must be as it was written",
    ],
  ])("with %s are refused", async (_, tensors, metadata, message) => {
    await forge(tensors, metadata);
    const text = await refusal(one());
    expect(text).toContain(message);
    expect(text).toContain(path);
  });

  test("do not print a hostile text at length", async () => {
    await forge(good, { settings: "x".repeat(100_000) });
    expect((await refusal(one())).length).toBeLessThan(2000);
    await forge({ ...good, ["y".repeat(100_000)]: zeros([1]) });
    expect((await refusal(one())).length).toBeLessThan(2000);
  });

  test("keep nothing else of a hostile progress", async () => {
    await forge(good, { progress: `{"__proto__":{"polluted":1},"extra":2,${JSON.stringify(progress).slice(1)}` });
    const read = await loadCheckpoint(path, one(), "s");
    expect(Object.keys(read).sort()).toEqual(Object.keys(progress).sort());
    expect("polluted" in read).toBe(false);
  });
});
