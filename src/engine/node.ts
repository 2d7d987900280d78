// The runtime of Node: the native CPU build of ONNX Runtime, with telemetry off.

import { availableParallelism } from "node:os";
import { isMainThread } from "node:worker_threads";
import { HeedError } from "../core/errors.ts";
import { RunQueue, runtimeError, wrapSession, type OrtPackage } from "./ort.ts";
import { ProfileFolder } from "./profile-file.ts";
import type { Runtime } from "./runtime.ts";
import type { WebPackage } from "./web.ts";

/**
 * Loads onnxruntime-node.
 *
 * @throws HeedError (code `engine`) when the platform has no native binary, or in a worker thread whose main thread did
 *   not turn the runtime's telemetry off; `wasm` is the way out there.
 */
export async function nodeRuntime(): Promise<Runtime> {
  silenceTelemetry();
  let ort: OrtPackage;
  try {
    const loaded = (await import("onnxruntime-node")) as unknown as OrtPackage & { default?: OrtPackage };
    ort = loaded.default ?? loaded;
  } catch (cause) {
    throw new HeedError({
      code: "engine",
      where: "engine.cpu",
      expected: `a native ONNX Runtime for ${process.platform}-${process.arch}`,
      got: cause instanceof Error ? cause.message.split("\n")[0]! : String(cause),
      hint: 'Use device "wasm".',
      cause,
    });
  }
  const queue = new RunQueue();
  return {
    device: "cpu",
    create: (model, settings) =>
      queue.add(async () => {
        const folder = settings.profile ? new ProfileFolder() : null;
        try {
          const session = await ort.InferenceSession.create(model, {
            executionProviders: ["cpu"],
            graphOptimizationLevel: settings.mode === "training" ? "extended" : "all",
            intraOpNumThreads: settings.threads ?? Math.min(availableParallelism(), 8),
            interOpNumThreads: 1,
            executionMode: "sequential",
            // Every session would keep an arena of its own: without them many signatures cost little memory.
            enableCpuMemArena: settings.keepMemory ?? false,
            enableMemPattern: false,
            logSeverityLevel: 4,
            ...(folder ? { enableProfiling: true, profileFilePrefix: folder.prefix } : {}),
            extra: { session: { "intra_op.allow_spinning": settings.mode === "training" ? "1" : "0" } },
          });
          return wrapSession(ort, session, queue, () => folder?.take(() => session.endProfiling()) ?? []);
        } catch (cause) {
          folder?.remove();
          throw runtimeError("engine.create", "the runtime must load the model", cause);
        }
      }),
  };
}

/** The WebAssembly build for Node: unlike the one for browsers it can start threads here. */
export async function loadWebPackage(): Promise<WebPackage> {
  const loaded = (await import("onnxruntime-web")) as unknown as WebPackage & { default?: WebPackage };
  return loaded.default ?? loaded;
}

/**
 * Telemetry is off in the whole process, once the variable is in the environment that the native library reads when it
 * loads. A worker thread writes to a copy of it only: there it must have come from the main thread.
 */
function silenceTelemetry(): void {
  const variable = "ORT_DISABLE_TELEMETRY";
  if (process.env[variable] !== undefined) return;
  if (!isMainThread)
    throw new HeedError({
      code: "engine",
      where: "engine.cpu",
      expected: `${variable} must be set before a worker thread starts, which cannot turn the runtime's telemetry off itself`,
      got: "nothing",
      hint: `Write process.env.${variable} = "1" in the main thread, or use device "wasm".`,
    });
  process.env[variable] = "1";
}
