// The runtime of Node: the native CPU build of ONNX Runtime, with telemetry off.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { HeedError } from "../core/errors.ts";
import { RunQueue, runtimeError, wrapSession, type OrtPackage } from "./ort.ts";
import { parseProfile } from "./profile-file.ts";
import type { NodeTime, Runtime } from "./runtime.ts";
import type { WebPackage } from "./web.ts";

/**
 * Loads onnxruntime-node.
 *
 * @throws HeedError when the platform has no native binary (code `engine`); `wasm` is the way out there.
 */
export async function nodeRuntime(): Promise<Runtime> {
  // Read by the native library when it loads, so it must be set first, and in the main thread.
  process.env["ORT_DISABLE_TELEMETRY"] ??= "1";
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
  let profiles = 0;
  return {
    device: "cpu",
    create: (model, settings) =>
      queue.add(async () => {
        const prefix = join(tmpdir(), `heed-profile-${process.pid}-${profiles++}`);
        let ended = false;
        try {
          const session = await ort.InferenceSession.create(model, {
            executionProviders: ["cpu"],
            graphOptimizationLevel: settings.mode === "training" ? "extended" : "all",
            intraOpNumThreads: settings.threads ?? Math.min(availableParallelism(), 8),
            interOpNumThreads: 1,
            executionMode: "sequential",
            // Every session would keep an arena of its own; without them many signatures cost little memory, at the same speed.
            enableCpuMemArena: false,
            enableMemPattern: false,
            logSeverityLevel: 4,
            ...(settings.profile ? { enableProfiling: true, profileFilePrefix: prefix } : {}),
            extra: { session: { "intra_op.allow_spinning": settings.mode === "training" ? "1" : "0" } },
          });
          return wrapSession(ort, session, queue, () => {
            if (!settings.profile || ended) return [];
            ended = true;
            session.endProfiling();
            return readProfile(prefix);
          });
        } catch (cause) {
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

// The runtime adds the time of day to the file's name. Synchronous, so that a process can read it when it exits.
function readProfile(prefix: string): readonly NodeTime[] {
  const folder = tmpdir();
  const name = readdirSync(folder).find((file) => join(folder, file).startsWith(`${prefix}_`));
  if (name === undefined) return [];
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  rmSync(path, { force: true });
  return parseProfile(text);
}
