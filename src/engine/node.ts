// The runtime of Node: the native CPU build of ONNX Runtime, with telemetry off.

import { readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { HeedError } from "../core/errors.ts";
import { RunQueue, runtimeError, wrapSession, type OrtPackage } from "./ort.ts";
import { parseProfile } from "./profile-file.ts";
import type { Runtime } from "./runtime.ts";

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
          return wrapSession(ort, session, queue, async () => {
            if (!settings.profile) return [];
            session.endProfiling();
            return await readProfile(prefix);
          });
        } catch (cause) {
          throw runtimeError("engine.create", "the runtime must load the model", cause);
        }
      }),
  };
}

async function readProfile(prefix: string): Promise<ReturnType<typeof parseProfile>> {
  const { readdir } = await import("node:fs/promises");
  const folder = tmpdir();
  const name = (await readdir(folder)).find((file) => join(folder, file).startsWith(prefix));
  if (name === undefined) return [];
  const text = await readFile(join(folder, name), "utf8");
  await rm(join(folder, name), { force: true });
  return parseProfile(text);
}
