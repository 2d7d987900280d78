// The page of smoke.test.ts: what this browser can do, and ONNX Runtime's WASM build in it.

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";

/** Whether WASM may have threads here: shared memory exists and can be sent to a worker. */
export function isolation(): { crossOriginIsolated: boolean; sharedMemory: boolean } {
  const memory = crossOriginIsolated && new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return { crossOriginIsolated, sharedMemory: memory && memory.buffer instanceof SharedArrayBuffer };
}

/** Vendor and architecture of the WebGPU adapter, or `null`. */
export async function adapter(): Promise<{ vendor: string; architecture: string } | null> {
  const found = await navigator.gpu.requestAdapter();
  return found && { vendor: found.info.vendor, architecture: found.info.architecture };
}

/** Runs a model with input `x` and output `y`, float32 vectors, on two WASM threads. */
export async function runModel(model: number[], x: number[]): Promise<{ y: number[]; threads: number | undefined }> {
  env.wasm.wasmPaths = "/ort/";
  env.wasm.numThreads = 2;
  const session = await InferenceSession.create(new Uint8Array(model));
  const { y } = await session.run({ x: new Tensor("float32", x, [x.length]) });
  const threads = env.wasm.numThreads;
  await session.release();
  return { y: Array.from(y!.data as Float32Array), threads };
}
