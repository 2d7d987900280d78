// Choosing and sharing runtimes: one for each device, loaded when first needed.

import { optionError } from "../core/errors.ts";
import type * as NodeModule from "./node.ts";
import { devices, type Device, type Runtime } from "./runtime.ts";
import { checkWebSettings, webRuntime, type WebSettings } from "./web.ts";
import { workerRuntime, type WorkerRuntime } from "./worker/client.ts";

/** Whether this is Node (or a runtime that behaves like it), rather than a page or a worker of a browser. */
export const inNode: boolean =
  typeof process !== "undefined" &&
  typeof process.versions?.node === "string" &&
  typeof (globalThis as { window?: unknown }).window === "undefined";

const loaded = new Map<Device, Promise<Runtime>>();
const workers = new Set<WorkerRuntime>();
let webSettings: WebSettings = {};

/**
 * Settings for WebAssembly and WebGPU; to be called before the first compiled function runs on either.
 *
 * @throws HeedError (code `option`) for a setting that is unknown or that cannot be, or when a runtime has been loaded,
 *   which would not notice.
 */
export function configureWeb(settings: WebSettings): void {
  checkWebSettings(settings);
  const device = devices.find((one) => one !== "cpu" && loaded.has(one));
  if (device !== undefined)
    throw optionError("configureWeb", "settings must come before the first run", `a loaded runtime for ${device}`);
  webSettings = settings;
}

/**
 * Ends the workers in which models run, also in the middle of a run: what is under way rejects with code `aborted`.
 * The next call starts a new worker.
 */
export function stopWorkers(): void {
  for (const runtime of workers) runtime.terminate();
}

/** The device that is used when none is named: the native CPU in Node, WebAssembly elsewhere. `HEED_DEVICE` overrides it in Node. */
export function defaultDevice(): Device {
  const named = inNode ? process.env["HEED_DEVICE"] : undefined;
  if (named === undefined || named === "") return inNode ? "cpu" : "wasm";
  const device = devices.find((one) => one === named);
  if (!device) throw optionError("HEED_DEVICE", "the device must be cpu, wasm or webgpu", named);
  return device;
}

/**
 * The runtime of a device.
 *
 * Where Node has no native binary, or a worker thread cannot turn its telemetry off, `cpu` becomes WebAssembly, with one
 * line on stderr.
 */
export function runtimeFor(device: Device): Promise<Runtime> {
  let runtime = loaded.get(device);
  if (!runtime) {
    runtime = load(device);
    loaded.set(device, runtime);
    // A failed load may be tried again.
    runtime.catch(() => loaded.delete(device));
  }
  return runtime;
}

async function load(device: Device): Promise<Runtime> {
  if (!inNode) {
    if (device === "cpu") throw optionError("engine", 'the device must be "wasm" or "webgpu" in a browser', '"cpu"');
    const { worker, ...settings } = webSettings;
    if (!worker) return await webRuntime(device, settings);
    // Known before it has opened: it can be ended while it starts.
    const runtime = workerRuntime(device, { ...settings, worker });
    workers.add(runtime);
    await runtime.open();
    return runtime;
  }
  const node = await nodeModule();
  if (device !== "cpu") return await webRuntime(device, webSettings, node.loadWebPackage);
  try {
    return await node.nodeRuntime();
  } catch (error) {
    console.error(
      `heed: no native runtime for ${process.platform}-${process.arch}; using WebAssembly, which is slower (${error instanceof Error ? error.message : String(error)})`,
    );
    return await webRuntime("wasm", webSettings, node.loadWebPackage);
  }
}

/** The part that only Node can load. Its name is computed so that bundlers for browsers do not follow it. */
async function nodeModule(): Promise<typeof NodeModule> {
  const beside = (name: string): string => `./${name}.ts`;
  return (await import(/* @vite-ignore */ beside("node"))) as typeof NodeModule;
}
