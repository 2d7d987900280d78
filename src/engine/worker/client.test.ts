// The protocol between page and worker, both ends in one process over a message channel and a runtime made up for the test.

import { afterEach, describe, expect, test } from "vitest";
import { HeedError } from "../../core/errors.ts";
import type { Runtime, RuntimeSession } from "../runtime.ts";
import { workerRuntime, type WorkerRuntime } from "./client.ts";
import type { WorkerPort } from "./connection.ts";
import { serveRuntime, type HostPort } from "./host.ts";

/** What one made-up worker did. */
interface Life {
  readonly log: string[];
  readonly lose: (reason: string) => void;
  terminated: boolean;
}

const open: (() => void)[] = [];
afterEach(() => open.splice(0).forEach((close) => close()));

/** Workers whose sessions answer with `run`; `lives` has one entry a worker that was started. */
function fakeWorkers(run: RuntimeSession["run"] = async () => []): { spawn: () => WorkerPort; lives: Life[] } {
  const lives: Life[] = [];
  const spawn = (): WorkerPort => {
    const { port1, port2 } = new MessageChannel();
    let lose: (reason: string) => void = () => undefined;
    const life: Life = { log: [], lose: (reason) => lose(reason), terminated: false };
    const runtime: Runtime = {
      device: "webgpu",
      lost: new Promise((resolve) => (lose = resolve)),
      create: async (model, settings) => {
        life.log.push(`create ${model.join(" ")} ${settings.mode}`);
        if (model.length === 0)
          throw new HeedError({
            code: "engine",
            where: "engine.create",
            expected: "a model",
            got: "none",
            cause: new Error("bad"),
          });
        return {
          run: (feeds, outputs) => {
            life.log.push(`run ${feeds.map((f) => `${f.name} ${f.type.dtype}[${f.type.shape.join()}]`).join()}`);
            return run(feeds, outputs);
          },
          endProfile: () => [],
          release: async () => void life.log.push("release"),
        };
      },
    };
    serveRuntime(port2 as unknown as HostPort, async (device, settings) => {
      life.log.push(`open ${device} ${JSON.stringify(settings)}`);
      return runtime;
    });
    port2.start();
    port1.start();
    open.push(() => port1.close());
    lives.push(life);
    return {
      postMessage: (message, transfer) => port1.postMessage(message, transfer),
      addEventListener: (type, listener) => port1.addEventListener(type, listener as EventListener),
      terminate: () => {
        life.terminated = true;
        port1.close();
      },
    };
  };
  return { spawn, lives };
}

const make = (worker: () => WorkerPort, silenceMs = Infinity): WorkerRuntime =>
  workerRuntime("webgpu", { worker: worker as () => Worker, silenceMs, threads: 2 });

async function start(worker: () => WorkerPort, silenceMs?: number): Promise<WorkerRuntime> {
  const runtime = make(worker, silenceMs);
  await runtime.open();
  return runtime;
}

const model = Uint8Array.of(1, 2);
const wanted = [{ name: "y", type: { dtype: "float32", shape: [2] } as const }];

describe("a runtime in a worker", () => {
  test("opens, creates, runs and releases there", async () => {
    const { spawn, lives } = fakeWorkers(async (feeds) => [(feeds[0]!.data as Float32Array).map((x) => -x)]);
    const runtime = await start(spawn);
    const session = await runtime.create(model, { mode: "inference" });
    const x = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    const [y] = await session.run([{ name: "x", type: wanted[0]!.type, data: x }], wanted);
    expect(y).toEqual(Float32Array.of(-1, -2));
    expect(x).toEqual(Float32Array.of(1, 2));
    await session.release();
    await expect(session.run([], wanted)).rejects.toMatchObject({ code: "disposed" });
    expect(lives).toHaveLength(1);
    expect(lives[0]!.log).toEqual(['open webgpu {"threads":2}', "create 1 2 inference", "run x float32[2]", "release"]);
    expect(model).toEqual(Uint8Array.of(1, 2));
  });

  test("can be ended while it starts, and started again", async () => {
    const { port1 } = new MessageChannel();
    const silent = (): WorkerPort => ({
      postMessage: (message, transfer) => port1.postMessage(message, transfer as never),
      addEventListener: () => undefined,
      terminate: () => port1.close(),
    });
    const { spawn, lives } = fakeWorkers();
    let first = true;
    const runtime = make(() => (first ? ((first = false), silent()) : spawn()));
    const opening = runtime.open();
    runtime.terminate();
    await expect(opening).rejects.toMatchObject({ code: "aborted" });
    await runtime.open();
    expect(lives).toHaveLength(1);
  });

  test("moves what it is given and copies the rest", async () => {
    const { spawn } = fakeWorkers(async (feeds) => feeds.map((f) => f.data));
    const session = await (await start(spawn)).create(model, { mode: "inference" });
    const type = { dtype: "float32", shape: [1] } as const;
    const [kept, given, part] = [Float32Array.of(1), Float32Array.of(2), Float32Array.of(3, 4).subarray(1)];
    const results = await session.run(
      [
        { name: "a", type, data: kept },
        { name: "b", type, data: given, given: true },
        { name: "c", type, data: given, given: true },
        { name: "d", type, data: part, given: true },
      ],
      [],
    );
    expect(results).toEqual([1, 2, 2, 4].map((v) => Float32Array.of(v)));
    expect([kept.length, given.length, part.length]).toEqual([1, 0, 1]);
  });

  test("gives errors back as they were", async () => {
    const { spawn } = fakeWorkers(async () => {
      throw new HeedError({
        code: "engine",
        where: "engine.run",
        expected: "the runtime must run the model",
        got: "a fault",
        hint: "Try less.",
      });
    });
    const runtime = await start(spawn);
    const session = await runtime.create(model, { mode: "inference" });
    const error = await session.run([], wanted).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(HeedError);
    expect(error).toMatchObject({ code: "engine", where: "engine.run", hint: "Try less." });
    expect((error as HeedError).message).toBe("engine.run: the runtime must run the model, got a fault. Try less.");
    const refused = await runtime.create(new Uint8Array(0), { mode: "inference" }).catch((e: unknown) => e);
    expect(refused).toMatchObject({ message: "engine.create: a model, got none", cause: { message: "bad" } });
  });

  test("an error that is none of heed's is one of the worker", async () => {
    const { spawn } = fakeWorkers(async () => {
      throw new TypeError("oops");
    });
    const session = await (await start(spawn)).create(model, { mode: "inference" });
    await expect(session.run([], wanted)).rejects.toMatchObject({
      code: "internal",
      message: "engine.worker: the worker must answer, got oops",
    });
  });

  test("a worker that loses its device is replaced, and the session loaded again", async () => {
    let answer = true;
    const { spawn, lives } = fakeWorkers(() =>
      answer ? Promise.resolve([Float32Array.of(5)]) : new Promise(() => undefined),
    );
    const session = await (await start(spawn)).create(model, { mode: "training" });
    answer = false;
    const stuck = session.run([], wanted).catch((e: unknown) => e);
    await expect.poll(() => lives[0]!.log.length).toBe(3);
    lives[0]!.lose("destroyed");
    expect(await stuck).toMatchObject({
      code: "engine",
      message: "engine.webgpu: the WebGPU device must stay, got destroyed. The next call opens another one.",
    });
    answer = true;
    const both = await Promise.all([session.run([], wanted), session.run([], wanted)]);
    expect(both).toEqual([[Float32Array.of(5)], [Float32Array.of(5)]]);
    expect(lives.map((life) => life.terminated)).toEqual([true, false]);
    expect(lives[1]!.log).toEqual(['open webgpu {"threads":2}', "create 1 2 training", "run ", "run "]);
  });

  test("a silent worker is ended", async () => {
    let answer = false;
    const { spawn, lives } = fakeWorkers(() => (answer ? Promise.resolve([]) : new Promise(() => undefined)));
    const session = await (await start(spawn, 100)).create(model, { mode: "inference" });
    await expect(session.run([], wanted)).rejects.toThrow(
      "engine.worker: the worker must answer within 100 ms, got nothing. The next call starts another one.",
    );
    expect(lives[0]!.terminated).toBe(true);
    answer = true;
    expect(await session.run([], wanted)).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(lives[1]!.terminated).toBe(false);
  });

  test("terminate ends what is under way; release afterwards does nothing", async () => {
    const { spawn, lives } = fakeWorkers(() => new Promise(() => undefined));
    const runtime = await start(spawn);
    const session = await runtime.create(model, { mode: "inference" });
    const stuck = session.run([], wanted).catch((e: unknown) => e);
    await expect.poll(() => lives[0]!.log.length).toBe(3);
    runtime.terminate();
    expect(await stuck).toMatchObject({ code: "aborted" });
    await session.release();
    expect(lives).toHaveLength(1);
    await runtime.create(model, { mode: "inference" });
    expect(lives).toHaveLength(2);
  });

  test("a worker that does not load is an error, and may be tried again", async () => {
    const { spawn } = fakeWorkers();
    const broken = (): WorkerPort => ({
      postMessage: () => undefined,
      terminate: () => undefined,
      addEventListener: (type, listener) => {
        if (type === "error") queueMicrotask(() => listener({ message: "no such file" } as unknown as Event));
      },
    });
    const ports = [broken, spawn];
    await expect(start(() => ports.shift()!())).rejects.toThrow("engine.worker: the worker must run, got no such file");
    await start(() => ports.shift()!());
  });
});
