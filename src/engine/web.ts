// The runtime of browsers, and of Node where no native binary exists: ONNX Runtime compiled to WebAssembly, and WebGPU.

import { checkOptions, HeedError, optionError } from "../core/errors.ts";
import { kindOf } from "../core/ndarray.ts";
import { DeviceWatch } from "./device-watch.ts";
import { RunQueue, runtimeError, wrapSession, type OrtPackage } from "./ort.ts";
import type { Runtime } from "./runtime.ts";

/** The part of onnxruntime-web that heed uses. */
export interface WebPackage extends OrtPackage {
  readonly env: {
    readonly wasm: { wasmPaths?: unknown; numThreads?: number };
    /** `device` is there when a session is. */
    readonly webgpu?: { readonly device?: unknown };
    logLevel?: string;
  };
}

/** Where the runtime's files are and how many threads it may use. */
export interface WebSettings {
  /** URL of the .wasm file, for bundlers that move it; default: beside the package. */
  readonly wasmUrl?: string;
  /** URL of the loader (.mjs) that belongs to `wasmUrl`, where the bundler took the build without it. */
  readonly loaderUrl?: string;
  /** URL of a folder, ending in `/`, with the files of onnxruntime-web's `dist`: for pages without a bundler's help. */
  readonly filesUrl?: string;
  /** Threads; more than 1 needs a page isolated by COOP and COEP headers. Default: half the processors in a page, all of them in Node, at most 4. */
  readonly threads?: number;
  /** Starts a worker whose module calls `serveRuntime`: models then run there, and the page stays alive. Default: they run here. */
  readonly worker?: () => Worker;
  /** Milliseconds that a worker may be silent while it has work, before it is ended. Default: no bound. */
  readonly silenceMs?: number;
}

/** Refuses settings that are unknown or that cannot be. */
export function checkWebSettings(settings: WebSettings): void {
  const where = "configureWeb";
  checkOptions(where, settings, ["wasmUrl", "loaderUrl", "filesUrl", "threads", "worker", "silenceMs"]);
  const { wasmUrl, loaderUrl, filesUrl, threads, worker, silenceMs } = settings;
  for (const [name, url] of Object.entries({ wasmUrl, loaderUrl, filesUrl }))
    if (url !== undefined && typeof url !== "string")
      throw optionError(where, `${name} must be an address, a string`, kindOf(url));
  if (loaderUrl !== undefined && wasmUrl === undefined)
    throw optionError(where, "loaderUrl belongs to a wasmUrl", "loaderUrl alone");
  if (filesUrl !== undefined && wasmUrl !== undefined)
    throw optionError(where, "the files lie at wasmUrl or in the folder filesUrl", "both");
  if (filesUrl !== undefined && !filesUrl.endsWith("/"))
    throw optionError(where, "filesUrl must be a folder that ends in /", JSON.stringify(filesUrl));
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1))
    throw optionError(where, "threads must be an integer >= 1", String(threads));
  if (worker !== undefined && typeof worker !== "function")
    throw optionError(
      where,
      "worker must be a function that starts a worker",
      kindOf(worker),
      "Write () => new Worker(...).",
    );
  if (silenceMs !== undefined && !(typeof silenceMs === "number" && silenceMs > 0))
    throw optionError(where, "silenceMs must be a number of milliseconds > 0", String(silenceMs));
}

/**
 * A kernel that WebGPU lacks is an error, not a silent copy to the processor and back. Transpositions stay where they are,
 * here and by `preferredLayout`: the runtime would move some through comparisons and choices, where they transpose bools,
 * for which WebGPU has no kernel.
 */
const webgpuExtra = {
  session: { disable_cpu_ep_fallback: "1" },
  optimization: { disable_specified_optimizers: "TransposeOptimizer" },
} as const;

const queue = new RunQueue();

/**
 * Loads onnxruntime-web for WebAssembly or WebGPU.
 *
 * @param loadPackage - default: the build for browsers.
 * @throws HeedError where WebGPU has no adapter.
 */
export async function webRuntime(
  device: "wasm" | "webgpu",
  settings: WebSettings = {},
  loadPackage: (device: "wasm" | "webgpu") => Promise<WebPackage> = loadForBrowsers,
): Promise<Runtime> {
  const ort = await loadPackage(device);
  if (settings.filesUrl !== undefined) ort.env.wasm.wasmPaths = settings.filesUrl;
  if (settings.wasmUrl !== undefined)
    ort.env.wasm.wasmPaths = {
      wasm: settings.wasmUrl,
      ...(settings.loaderUrl === undefined ? {} : { mjs: settings.loaderUrl }),
    };
  ort.env.wasm.numThreads = settings.threads ?? defaultThreads();
  ort.env.logLevel = "fatal";
  if (device === "webgpu") await checkAdapter();
  const watch = device === "webgpu" ? new DeviceWatch() : null;
  return {
    device,
    ...(watch ? { lost: watch.lost } : {}),
    create: (model, { mode }) =>
      queue.add(async () => {
        try {
          const session = await ort.InferenceSession.create(model, {
            executionProviders: [device === "webgpu" ? { name: device, preferredLayout: "NCHW" } : device],
            graphOptimizationLevel: mode === "training" ? "extended" : "all",
            enableCpuMemArena: false,
            enableMemPattern: false,
            logSeverityLevel: 4,
            ...(device === "webgpu" ? { extra: webgpuExtra } : {}),
          });
          const wrapped = wrapSession(ort, session, queue, () => []);
          return watch ? watch.over(wrapped, await ort.env.webgpu?.device) : wrapped;
        } catch (cause) {
          throw runtimeError("engine.create", `the runtime must load the model on ${device}`, cause);
        }
      }),
  };
}

async function loadForBrowsers(device: "wasm" | "webgpu"): Promise<WebPackage> {
  const loaded = device === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web/wasm");
  return ((loaded as { default?: unknown }).default ?? loaded) as WebPackage;
}

function defaultThreads(): number {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
  const inNode = typeof process !== "undefined" && process.versions?.node !== undefined;
  const cores = globalThis.navigator?.hardwareConcurrency ?? 2;
  return isolated || inNode ? Math.max(1, Math.min(4, inNode ? cores : Math.ceil(cores / 2))) : 1;
}

async function checkAdapter(): Promise<void> {
  const gpu = (globalThis.navigator as { gpu?: { requestAdapter(): Promise<unknown> } } | undefined)?.gpu;
  if (!gpu || !(await gpu.requestAdapter()))
    throw new HeedError({
      code: "engine",
      where: "engine.webgpu",
      expected: "a WebGPU adapter",
      got: "none",
      hint: 'Use device "wasm".',
    });
}
