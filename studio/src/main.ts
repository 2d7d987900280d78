// The page's entry: worker, address and document come together here and are passed down.

import { mount } from "svelte";
import App from "./App.svelte";
import type { WorkerLike } from "./client.ts";
import type { Device } from "./worker/pronouncer.ts";

const device: Device = new URLSearchParams(location.search).get("device") === "webgpu" ? "webgpu" : "wasm";

const startWorker = (): WorkerLike => new Worker(new URL("./worker/worker.ts", import.meta.url), { type: "module" });

mount(App, {
  target: document.querySelector("#app")!,
  props: { startWorker, options: { baseUrl: new URL("./models/pronounce/", document.baseURI).href, device } },
});
