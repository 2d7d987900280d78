// The worker of the browser tests: heed's, and an accident that a test may ask for.

import { env } from "onnxruntime-web/webgpu";
import { serveRuntime } from "../../src/engine/worker/index.ts";

serveRuntime();

/** A page that posts here wants the WebGPU device to break, as an unplugged graphics card does. */
new BroadcastChannel("break-device").addEventListener("message", () => {
  void Promise.resolve(env.webgpu.device).then((device) => device?.destroy());
});
