// Where the bundler put the files of ONNX Runtime: a loader and a WebAssembly module for each device.

import asyncifyLoader from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import asyncifyModule from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import loader from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import module from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { WebSettings } from "heed";
import type { Device } from "./pronouncer.ts";

const absolute = (url: string): string => new URL(url, import.meta.url).href;

/** Addresses for `configureWeb`. The WebGPU build is another one: its module can wait for the graphics card. */
export const runtimeFiles: Readonly<Record<Device, WebSettings>> = {
  wasm: { loaderUrl: absolute(loader), wasmUrl: absolute(module) },
  webgpu: { loaderUrl: absolute(asyncifyLoader), wasmUrl: absolute(asyncifyModule) },
};
