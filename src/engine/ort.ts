// What the runtime's Node and web packages have in common: tensors in, tensors out, errors wrapped.

import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import type { TypedArray } from "../core/dtype.ts";
import { HeedError } from "../core/errors.ts";
import type { Feed, NodeTime, RuntimeSession } from "./runtime.ts";

/** The part of an `onnxruntime-*` package that heed uses. */
export interface OrtPackage {
  readonly Tensor: TensorConstructor;
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

/** Runs of one realm never overlap: the runtime's WebGPU sessions break when they do. */
export class RunQueue {
  #last: Promise<unknown> = Promise.resolve();

  add<R>(work: () => Promise<R>): Promise<R> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

/** Wraps a session of either package. `profileOf` reads what profiling recorded, where the platform can. */
export function wrapSession(
  ort: OrtPackage,
  session: InferenceSession,
  queue: RunQueue,
  profileOf: () => readonly NodeTime[],
): RuntimeSession {
  let released = false;
  return {
    run: (feeds, outputs) =>
      queue.add(async () => {
        if (released)
          throw new HeedError({ code: "disposed", where: "engine.run", expected: "the session must not be released" });
        try {
          const inputs: Record<string, OrtTensor> = {};
          for (const feed of feeds) inputs[feed.name] = toOrt(ort, feed);
          const names = outputs.map((o) => o.name);
          // Failures are thrown; WebAssembly would print them besides.
          const results = await session.run(inputs, names, { logSeverityLevel: 4 });
          return outputs.map(({ name }) => results[name]!.data as TypedArray);
        } catch (cause) {
          throw runtimeError("engine.run", "the runtime must run the model", cause);
        }
      }),
    endProfile: profileOf,
    release: () =>
      queue.add(async () => {
        if (!released) {
          released = true;
          await session.release();
        }
      }),
  };
}

/** The runtime's error as heed's, with its cause kept. */
export function runtimeError(where: string, expected: string, cause: unknown): HeedError {
  return new HeedError({
    code: "engine",
    where,
    expected,
    got: cause instanceof Error ? cause.message : String(cause),
    cause,
  });
}

function toOrt(ort: OrtPackage, { type, data }: Feed): OrtTensor {
  return new ort.Tensor(type.dtype as "float32", data as Float32Array, type.shape);
}
