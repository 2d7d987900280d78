// What the engine asks of a runtime: sessions over ONNX models. One implementation a platform.

import type { TypedArray } from "../core/dtype.ts";
import type { TensorType } from "../core/tensor.ts";

/** Where compiled functions may run. */
export const devices = ["cpu", "wasm", "webgpu"] as const;

/** Where a compiled function runs. */
export type Device = (typeof devices)[number];

/** A named value that goes into a run. */
export interface Feed {
  readonly name: string;
  readonly type: TensorType;
  readonly data: TypedArray;
  /** Whether the caller does without `data` from now on, so that it may be moved rather than copied. Default false. */
  readonly given?: boolean;
}

/** How a session is made. */
export interface SessionSettings {
  /** Threads inside one op, for the native runtime alone. Default: the runtime's choice. */
  readonly threads?: number;
  /** `training` waits for work actively, for runs back to back; `inference` gives the processor back between runs. */
  readonly mode: "training" | "inference";
  /** Keep the memory of a run for the next, for the native runtime alone. Default false. */
  readonly keepMemory?: boolean;
  /** Record the time of every node, where the platform can. */
  readonly profile?: boolean;
}

/** Time of one node in one run. */
export interface NodeTime {
  readonly name: string;
  readonly microseconds: number;
}

/** A loaded model. */
export interface RuntimeSession {
  /** Runs the model; returns the elements of each output, in the order of `outputs`. The feeds are borrowed until then. */
  run(
    feeds: readonly Feed[],
    outputs: readonly { readonly name: string; readonly type: TensorType }[],
  ): Promise<readonly TypedArray[]>;
  /** Ends profiling and returns what was recorded; empty without `profile`, and where the platform records nothing. */
  endProfile(): readonly NodeTime[];
  /** Frees the model. */
  release(): Promise<void>;
}

/** One platform's ONNX Runtime. */
export interface Runtime {
  readonly device: Device;
  create(model: Uint8Array, settings: SessionSettings): Promise<RuntimeSession>;
  /** Resolves, with the reason, when the device under living sessions is lost; no later call succeeds then. */
  readonly lost?: Promise<string>;
}
