// The page of engine-worker.test.ts: compiled functions whose sessions live in a worker.

import { HeedError } from "../../src/core/errors.ts";
import { array, NdArray } from "../../src/core/ndarray.ts";
import { add, mul } from "../../src/core/ops/binary.ts";
import { gather } from "../../src/core/ops/gather.ts";
import { matmul } from "../../src/core/ops/matmul.ts";
import { scan } from "../../src/core/ops/scan.ts";
import { sum } from "../../src/core/ops/reduce.ts";
import { tanh } from "../../src/core/ops/unary.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { compile } from "../../src/engine/compile.ts";
import { configureWeb, stopWorkers } from "../../src/engine/devices.ts";

type Device = "wasm" | "webgpu";

let started = 0;

configureWeb({
  filesUrl: "/ort/",
  worker: () => {
    started++;
    return new Worker("/engine.js", { type: "module" });
  },
});

/** How many workers were started so far. */
export const workers = (): number => started;

const affine = (x: Tensor, w: Tensor): { y: Tensor; total: Tensor } => {
  const y = tanh(matmul(x, w));
  return { y, total: sum(y) };
};
const x = array([
  [1, -2],
  [0.5, 3],
]);
const w = array([
  [0.1, 0.2],
  [0.3, -0.4],
]);

/** Several calls at once, of two shapes. */
export async function runs(device: Device): Promise<readonly (readonly number[])[]> {
  await using run = compile(affine, { device });
  const results = await Promise.all([run(x, w), run(x, w), run(array([[1, 1]]), w)]);
  return results.flatMap(({ y, total }) => [Array.from(y.data as Float32Array), [Number(total.data[0])]]);
}

/** How many elements the page still has of an argument that is borrowed, and of one that is donated. */
export async function donated(): Promise<readonly number[]> {
  await using run = compile(affine, { device: "wasm", donate: [1] });
  const [kept, given] = [x, w].map(({ data }) => Float32Array.from(data as Float32Array)) as [
    Float32Array,
    Float32Array,
  ];
  await run(new NdArray("float32", [2, 2], kept), new NdArray("float32", [2, 2], given));
  return [kept.length, given.length];
}

/** A run that takes a while, and what the page could do meanwhile: timer ticks, and the longest time without one. */
export async function longRun(
  device: Device,
  { size, steps }: { readonly size: number; readonly steps: number },
): Promise<{ readonly ms: number; readonly ticks: number; readonly longest: number }> {
  const { grow, a, b } = chain(size, steps);
  await using run = compile(grow, { device });
  await run.prepare(a, b);
  let ticks = 0;
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    ticks++;
  }, 5);
  const start = performance.now();
  await run(a, b);
  clearInterval(timer);
  return { ms: performance.now() - start, ticks, longest: Math.max(longest, performance.now() - last) };
}

/** Products one after the other, none of which can be left out. */
function chain(size: number, steps: number): { grow: (a: Tensor, b: Tensor) => Tensor; a: NdArray; b: NdArray } {
  const matrix = (from: number): NdArray =>
    new NdArray(
      "float32",
      [size, size],
      Float32Array.from({ length: size * size }, (_, i) => ((i * from) % 7) / size),
    );
  const grow = (a: Tensor, b: Tensor): Tensor => {
    let y = a;
    for (let i = 0; i < steps; i++) y = matmul(y, mul(b, 1 + i));
    return sum(y);
  };
  return { grow, a: matrix(3), b: matrix(5) };
}

/** What a page learns of an error. */
export interface Failure {
  readonly heed: boolean;
  readonly code: string;
  readonly message: string;
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (error instanceof HeedError) return { heed: true, code: error.code, message: error.message };
    return { heed: false, code: "", message: String(error) };
  }
  return { heed: false, code: "", message: "no error" };
}

/** A run that the runtime refuses (a row that is not there), then one that it does not. */
export async function refusedRun(): Promise<{ readonly failure: Failure; readonly after: readonly number[] }> {
  await using run = compile((table: Tensor, rows: Tensor) => gather(table, rows), { device: "wasm" });
  const failure = await failureOf(run(x, array(Int32Array.of(7))));
  const { data } = await run(x, array(Int32Array.of(1)));
  return { failure, after: Array.from(data as Float32Array) };
}

/** A run that is stopped in the middle, and one after it. */
export async function stoppedRun(): Promise<{ readonly failure: Failure; readonly after: number }> {
  const { grow, a, b } = chain(512, 200);
  await using run = compile(grow, { device: "wasm" });
  await run.prepare(a, b);
  const stopped = failureOf(run(a, b));
  setTimeout(stopWorkers, 50);
  const failure = await stopped;
  await using short = compile(affine, { device: "wasm" });
  return { failure, after: Number((await short(x, w)).total.data[0]) };
}

/** A WebGPU device that breaks between and during runs, and calls after it. */
export async function brokenDevice(): Promise<{
  readonly before: number;
  readonly failures: readonly Failure[];
  readonly after: number;
}> {
  await using run = compile(affine, { device: "webgpu" });
  const total = async (): Promise<number> => Number((await run(x, w)).total.data[0]);
  const before = await total();
  new BroadcastChannel("break-device").postMessage("now");
  const failures: Failure[] = [];
  // The breaking takes a moment; the page learns of it at the latest by the run that fails.
  while (failures.length === 0 && workers() === 1) {
    const failure = await failureOf(total());
    if (failure.message !== "no error") failures.push(failure);
  }
  return { before, failures, after: await total() };
}

/** A loop, which WebGPU lays out step by step: running sums. */
export async function loop(device: Device): Promise<readonly number[]> {
  const totals = (rows: Tensor): Tensor =>
    scan(
      (s: Tensor, row: Tensor) => {
        const next = add(s, row);
        return { state: next, outputs: next };
      },
      { initial: mul(sum(rows, 0), 0), sequences: rows },
    ).outputs;
  await using run = compile(totals, { device });
  return Array.from((await run(x)).data as Float32Array);
}

/** A worker whose module is not there. */
export async function missingWorker(): Promise<Failure> {
  configureWeb({ worker: () => new Worker("/nowhere.js", { type: "module" }) });
  return await failureOf(compile(affine, { device: "wasm" })(x, w));
}
