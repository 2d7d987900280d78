// The training loop on a task small enough to follow by hand: a parabola whose minimum the data tell.

import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HeedError } from "../../core/errors.ts";
import { array, type NdArray } from "../../core/ndarray.ts";
import { decodeSafetensors, encodeSafetensors } from "../../files/safetensors.ts";
import { progressHash } from "./checkpoint.ts";
import type { TrainEvent, TrainSettings, TrainTask } from "./task.ts";
import { train } from "./train.ts";
import { adamw } from "../optim/adamw.ts";
import { sgd } from "../optim/sgd.ts";
import { constantRate } from "../schedule.ts";

type Params = { readonly x: NdArray };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heed-train-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Targets come in an order that depends on the epoch; the key shifts each step a little, as dropout would. */
function task(overrides: Partial<TrainTask<Params, number>> = {}): TrainTask<Params, number> {
  return {
    params: { x: array([4, -2]) },
    batches: (epoch) => [1, 2, 3, 4].map((n) => ((n + epoch) % 4) / 4),
    count: () => 8,
    step: async ({ x }, target, key) => {
      const noise = (key.data[0] as number) / 2 ** 40;
      const gaps = [...(x.data as Float32Array)].map((v) => v - target + noise);
      return { loss: gaps.reduce((sum, g) => sum + g * g, 0), grads: { x: array(gaps.map((g) => 2 * g)) } };
    },
    validate: async ({ x }) => ({ score: Math.abs(x.data[0] as number), metrics: { x: x.data[0] as number } }),
    ...overrides,
  };
}

const settings: TrainSettings = {
  epochs: 3,
  seed: 1,
  optimizer: adamw(),
  schedule: constantRate(0.1),
  clip: 1,
  averageDecay: 0.9,
  reportEvery: 5,
  fingerprint: "parabola",
};

async function collect(
  events: AsyncGenerator<TrainEvent>,
  visit: (event: TrainEvent) => void = () => undefined,
): Promise<readonly TrainEvent[]> {
  const all: TrainEvent[] = [];
  for await (const event of events) {
    all.push(event);
    visit(event);
  }
  return all;
}

const words = (events: readonly TrainEvent[]): readonly string[] => events.map((e) => `${e.type} ${e.step}`);

/** What a run left: every array's bytes and every loss told. Seconds differ from run to run. */
async function traces(events: readonly TrainEvent[]): Promise<unknown> {
  const { tensors, metadata } = decodeSafetensors(
    new Uint8Array(await readFile(join(folder, "last.safetensors"))),
    "last",
  );
  const {
    seconds: _,
    processorSeconds: __,
    ...progress
  } = JSON.parse(metadata.get("progress")!) as Record<string, unknown>;
  return {
    arrays: [...tensors].map(([name, a]) => [name, [...(a.data as Float32Array)]]),
    best: await readFile(join(folder, "best.safetensors"), "hex"),
    losses: events.flatMap((e) => (e.type === "step" ? [[e.step, e.loss, e.metrics, e.rate, e.norm]] : [])),
    scores: events.flatMap((e) => (e.type === "validation" ? [[e.step, e.score, e.best]] : [])),
    progress,
  };
}

describe("train", () => {
  test("tells start, steps, validations, checkpoints and the end", async () => {
    const events = await collect(train(task(), settings, { folder }));
    expect(words(events)).toEqual([
      "start 0",
      "validation 4",
      "checkpoint 4",
      "step 5",
      "validation 8",
      "checkpoint 8",
      "step 10",
      "step 12",
      "validation 12",
      "checkpoint 12",
      "done 12",
    ]);
    expect(events.at(-1)).toMatchObject({ reason: "finished" });
    expect((await readdir(folder)).sort()).toEqual(["best.safetensors", "last.safetensors"]);
  });

  test("stopped anywhere and resumed, it goes on as if never stopped", async () => {
    const whole = await traces(await collect(train(task(), settings, { folder })));
    for (const stopAt of [1, 4, 5, 7]) {
      await rm(folder, { recursive: true });
      const stop = new AbortController();
      let steps = 0;
      const base = task();
      const counted = task({
        step: (...args) => {
          if (++steps === stopAt) stop.abort();
          return base.step(...args);
        },
      });
      const first = await collect(train(counted, settings, { folder, signal: stop.signal }));
      expect(first.at(-1)).toMatchObject({ type: "done", reason: "aborted", step: stopAt });
      const rest = await collect(train(task(), settings, { folder, resume: true }));
      expect(rest[0]).toMatchObject({ type: "start", resumed: true, step: stopAt });
      expect(await traces([...first, ...rest])).toEqual(whole);
    }
  });

  test("what the task carries goes on with a resume, and its metrics are averaged as the loss is", async () => {
    // The state is the average of the losses so far, and moves the next gradient.
    const carrying = (stop?: () => void): TrainTask<Params, number> => {
      const state = { average: array([0]) };
      const base = task();
      let steps = 0;
      return {
        ...base,
        state,
        async step(params, batch, key) {
          const { loss, grads } = await base.step(params, batch, key);
          const carried = state.average.data as Float32Array;
          const gap = carried[0]!;
          (grads.x.data as Float32Array)[0]! += gap;
          carried[0]! += (loss - carried[0]!) / 4;
          if (++steps === 7) stop?.();
          return { loss, grads, metrics: { gap, steady: 2 } };
        },
      };
    };
    const events = await collect(train(carrying(), settings, { folder }));
    const told = events.flatMap((e) => (e.type === "step" ? [e.metrics] : []));
    expect(told).toHaveLength(3);
    expect(told.every((m) => m!["steady"] === 2 && Number.isFinite(m!["gap"]))).toBe(true);
    const whole = await traces(events);
    await rm(folder, { recursive: true });
    const stop = new AbortController();
    const first = await collect(
      train(
        carrying(() => stop.abort()),
        settings,
        { folder, signal: stop.signal },
      ),
    );
    const rest = await collect(train(carrying(), settings, { folder, resume: true }));
    expect(await traces([...first, ...rest])).toEqual(whole);
    // A checkpoint without what the task carries is of another training.
    await rm(folder, { recursive: true });
    await collect(train(task(), settings, { folder }));
    await expect(collect(train(carrying(), settings, { folder, resume: true }))).rejects.toThrow("tensor task.average");
  });

  test("time in all, and of the processor, is summed over the runs", async () => {
    const stop = new AbortController();
    const base = task();
    const busy = task({
      step: (...args) => {
        for (const until = performance.now() + 20; performance.now() < until;);
        return base.step(...args);
      },
    });
    const events = train(busy, settings, { folder, signal: stop.signal });
    const first = await collect(events, ({ step }) => void (step === 4 && stop.abort()));
    const rest = await collect(train(task(), settings, { folder, resume: true }));
    const [stopped, done] = [first, rest].map((events) => events.at(-1) as Extract<TrainEvent, { type: "done" }>);
    expect(stopped!.reason).toBe("aborted");
    expect(stopped!.processorSeconds).toBeGreaterThan(0.02);
    expect(done!.processorSeconds).toBeGreaterThanOrEqual(stopped!.processorSeconds);
    expect(done!.seconds).toBeGreaterThan(0.08);
  });

  test("killed after any checkpoint, it goes on from there to the same end", async () => {
    const whole = (await traces(await collect(train(task(), settings, { folder })))) as { readonly arrays: unknown };
    await rm(folder, { recursive: true });
    for await (const event of train(task(), { ...settings, checkpointSteps: 3 }, { folder }))
      if (event.type === "checkpoint" && event.step === 6) break;
    await collect(train(task(), settings, { folder, resume: true }));
    expect((await traces([])) as unknown).toMatchObject({ arrays: whole.arrays });
  });

  test("stops when the score has not improved for as long as patience says", async () => {
    const flat = task({ validate: async () => ({ score: 1, metrics: {} }) });
    const events = await collect(train(flat, { ...settings, epochs: 50, patience: 8 }, { folder }));
    expect(events.at(-1)).toMatchObject({ type: "done", reason: "patience", step: 12, best: { score: 1, step: 4 } });
  });

  test("a score that is not a number is never the best", async () => {
    const scores = [NaN, 2, NaN, 1];
    const bad = task({ validate: async () => ({ score: scores.shift()!, metrics: {} }) });
    const events = await collect(train(bad, { ...settings, epochs: 4 }, { folder }));
    expect(events.flatMap((e) => (e.type === "validation" ? [e.best] : []))).toEqual([false, true, false, true]);
    expect(events.at(-1)).toMatchObject({ best: { score: 1, step: 16 } });
  });

  test("clips: an enormous gradient moves the parameters no further than the limit lets it", async () => {
    const start = array([0]);
    const steep = task({ params: { x: start }, step: async () => ({ loss: 1, grads: { x: array([1e9]) } }) });
    await collect(train(steep, { ...settings, optimizer: sgd(), epochs: 1, clip: 0.5 }, { folder }));
    expect(start.data[0]).toBeCloseTo(-4 * 0.1 * 0.5, 6);
  });

  test("a loss that is not finite stops it, naming step and site; the checkpoint before stays whole", async () => {
    let steps = 0;
    const broken = task({
      step: async () => ({ loss: ++steps > 6 ? NaN : 1, grads: { x: array([1, 1]) } }),
      diagnose: async () => "decoder.attention",
    });
    const failure = await collect(train(broken, settings, { folder })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HeedError);
    expect((failure as HeedError).code).toBe("not-finite");
    expect((failure as HeedError).message).toContain("finite at step 7, got loss NaN, gradient norm 1.414");
    expect((failure as HeedError).message).toContain("first not finite at decoder.attention");
    expect((failure as HeedError).hint).toBe("Train anew with a lower rate; the checkpoint of step 4 is whole.");
    expect((await collect(train(task(), settings, { folder, resume: true })))[0]).toMatchObject({ step: 4 });
  });

  test("a loss that is not finite at the first step promises no checkpoint, whatever an older training left", async () => {
    await collect(train(task(), { ...settings, epochs: 1 }, { folder }));
    const broken = task({ step: async () => ({ loss: Infinity, grads: { x: array([1, 1]) } }) });
    await expect(collect(train(broken, settings, { folder }))).rejects.toThrow(
      /finite at step 1, .* Train anew with a lower rate; there is no checkpoint yet\.$/,
    );
  });

  test("stopped within a validation, it makes up for it when it goes on", async () => {
    const whole = await traces(await collect(train(task(), settings, { folder })));
    for (const stopAt of [4, 12]) {
      await rm(folder, { recursive: true });
      const stop = new AbortController();
      const base = task();
      let validations = 0;
      const slow = task({
        validate: async (params, signal) => {
          if (++validations === stopAt / 4) stop.abort();
          signal?.throwIfAborted();
          return base.validate(params, signal);
        },
      });
      const first = await collect(train(slow, settings, { folder, signal: stop.signal }));
      expect(words(first).slice(-2)).toEqual([`checkpoint ${stopAt}`, `done ${stopAt}`]);
      expect(first.at(-1)).toMatchObject({ reason: "aborted" });
      const rest = await collect(train(task(), settings, { folder, resume: true }));
      expect(words(rest).slice(0, 3)).toEqual([`start ${stopAt}`, `validation ${stopAt}`, `checkpoint ${stopAt}`]);
      expect(await traces([...first, ...rest])).toEqual(whole);
    }
  });

  test("a validation that fails is no stop, though the signal came", async () => {
    const stop = new AbortController();
    const broken = task({
      validate: async () => {
        stop.abort();
        throw new Error("no disk");
      },
    });
    await expect(collect(train(broken, settings, { folder, signal: stop.signal }))).rejects.toThrow("no disk");
  });

  test.each([
    [{ epochs: 0 }, "train: epochs must be an integer >= 1, got 0"],
    [{ clip: 0 }, "train: clip must be above 0, got 0"],
    [{ averageDecay: 1 }, "train: averageDecay must lie in 0 <= averageDecay < 1, got 1"],
    [{ validateEvery: 0.5 }, "train: validateEvery must be an integer >= 1, got 0.5"],
    [{ reportEvery: 0 }, "train: reportEvery must be an integer >= 1, got 0"],
    [{ checkpointSteps: -1 }, "train: checkpointSteps must be an integer >= 1, got -1"],
    [{ checkpointSeconds: NaN }, "train: checkpointSeconds must be a number >= 0, got NaN"],
    [{ seed: 0.5 }, "train: seed must be an integer from 0 to 2147483647, got 0.5"],
    [{ seed: 2 ** 31 }, "train: seed must be an integer from 0 to 2147483647, got 2147483648"],
    [{ fingerprint: 7 as never }, "train: fingerprint must be a text, got 7"],
    [{ rate: 1 } as object, "train: options must be among epochs, seed, optimizer"],
  ])("refuses %o", async (bad, message) => {
    await expect(collect(train(task(), { ...settings, ...bad }, { folder }))).rejects.toThrow(message);
  });

  test("refuses unknown options", async () => {
    const options = { folder, resumed: true } as never;
    await expect(collect(train(task(), settings, options))).rejects.toThrow(
      'train: options must be among folder, resume, signal, got "resumed"',
    );
  });

  test("refuses a task without batches", async () => {
    await expect(collect(train(task({ batches: () => [] }), settings, { folder }))).rejects.toThrow(
      "train: an epoch must have at least one batch, got none",
    );
  });

  test("refuses to resume on other data or with other settings", async () => {
    await collect(train(task(), { ...settings, epochs: 1 }, { folder }));
    const other = task({ batches: () => [1, 2, 3] });
    await expect(collect(train(other, settings, { folder, resume: true }))).rejects.toThrow(
      "last.safetensors: the checkpoint must be of this data, 3 batches an epoch, got step 4 at epoch 1, batch 0",
    );
    const changed = { ...settings, fingerprint: "hyperbola" };
    await expect(collect(train(task(), changed, { folder, resume: true }))).rejects.toThrow(
      "must be of the same settings, got \n  checkpoint: parabola\n  now:        hyperbola",
    );
  });
});

describe("a checkpoint's progress", () => {
  const spent = { seconds: 1, processorSeconds: 2 };
  const whole = { step: 4, epoch: 1, batch: 0, ...spent, best: null, lossSum: 0, lossCount: 0, validationDue: false };
  test.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["a missing field", JSON.stringify({ ...whole, step: undefined })],
    ["a negative count", JSON.stringify({ ...whole, epoch: -1 })],
    ["a fraction", JSON.stringify({ ...whole, batch: 0.5 })],
    ["a processor time before the start", JSON.stringify({ ...whole, processorSeconds: -1 })],
    ["a text for a number", JSON.stringify({ ...whole, seconds: "1" })],
    ["a best that is a text", JSON.stringify({ ...whole, best: "1" })],
    ["a best score of null", JSON.stringify({ ...whole, best: { score: null, step: 1 } })],
    ["a best from the future", JSON.stringify({ ...whole, best: { score: 1, step: 5 } })],
    ["a validation that may be due", JSON.stringify({ ...whole, validationDue: null })],
    ["a batch that no epoch has", JSON.stringify({ ...whole, step: 9, batch: 5 })],
  ])("%s is refused", async (_, progress) => {
    await collect(train(task(), { ...settings, epochs: 1 }, { folder }));
    const last = join(folder, "last.safetensors");
    const copy = join(folder, "copy");
    await cp(last, copy);
    const { tensors, metadata } = decodeSafetensors(new Uint8Array(await readFile(copy)), "copy");
    const forged = { ...Object.fromEntries(metadata), progress, progressHash: progressHash(progress) };
    await writeFile(last, encodeSafetensors(tensors, forged));
    await expect(collect(train(task(), settings, { folder, resume: true }))).rejects.toThrow(
      /last\.safetensors: the checkpoint('s progress)? must be/,
    );
  });
});
